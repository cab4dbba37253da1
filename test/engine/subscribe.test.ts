import { expect, test } from 'vitest';
import type { Change, Engine } from '../../src/engine/api.ts';
import { defineStep, type Workflow } from '../../src/index.ts';
import { eventually, reached, useBench } from '../support/engine.ts';
import { HeldStep, oneStep, waitsForGo } from '../support/machines.ts';

const bench = useBench();

type Subscriber = Pick<Engine, 'subscribe'>;

/** Begins to follow; resolves once the stream has taken its place. */
async function following(engine: Subscriber, options: Parameters<Engine['subscribe']>[0]) {
  const controller = new AbortController();
  const changes: Change[] = [];
  const stream = engine.subscribe({ ...options, signal: controller.signal })[Symbol.asyncIterator]();
  const first = stream.next();
  const done = (async () => {
    for (let next = await first; next.done !== true; next = await stream.next()) changes.push(next.value);
  })();
  return {
    changes,
    stop: async () => {
      controller.abort();
      await done;
    },
    done,
  };
}

const names = (changes: readonly Change[]) =>
  changes.map((change) =>
    change.type === 'transition'
      ? `${change.entry.sequence} ${change.entry.to}`
      : `${change.step.step} ${change.step.status}`,
  );

test('of one instance it gives all from a position on, steps in between, and ends with it', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([oneStep('one', held.step())]);
  const { id } = await engine.start('one', null);
  const { done, changes } = await following(engine, { id, after: '0' });
  const later = await following(engine, { id, after: '1' });
  const now = await following(engine, { id });
  await held.called(1);
  // Each has taken its place once it shows what runs.
  for (const seen of [changes, later.changes, now.changes])
    await eventually(() => names(seen).includes('work running'));
  held.release(1);
  await Promise.all([done, later.done, now.done]);
  const transitions = (from: readonly Change[]) => from.filter(({ type }) => type === 'transition');
  expect(names(transitions(changes))).toEqual(['1 BEGUN', '2 DONE']);
  expect(names(transitions(later.changes))).toEqual(['2 DONE']);
  expect(names(transitions(now.changes))).toEqual(['2 DONE']);
  expect(transitions(changes)).toMatchObject([
    { position: '1', entry: { instanceId: id, workflow: 'one' } },
    { position: '2', status: 'done', entry: { step: { step: 'work' } } },
  ]);
  // Of one that has ended there is no waiting.
  const after = await following(engine, { id, after: '0' });
  await after.done;
  expect(names(transitions(after.changes))).toEqual(['1 BEGUN', '2 DONE']);
});

test('refuses positions that it has not given, and ids that nobody has', async () => {
  const engine = await bench.worker([waitsForGo('positions')]);
  const { id } = await engine.start('positions', undefined);
  const first = async (options: Parameters<Engine['subscribe']>[0]) =>
    engine.subscribe(options)[Symbol.asyncIterator]().next();
  for (const after of ['', 'x', '-1', '1.5', '9999999999'])
    await expect(first({ id, after })).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
  for (const after of ['', 'x', '1', '1_2', "1_2_a'b", '1_99999999999_a', `${'9'.repeat(30)}_1_a`])
    await expect(first({ after })).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
  await expect(first({ id: 'nobody' })).rejects.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
});

test('a signal ends it, also one that was aborted before', async () => {
  const engine = await bench.worker([waitsForGo('signals')]);
  const { id } = await engine.start('signals', undefined);
  for (const options of [{ id }, {}]) {
    const { stop, changes } = await following(engine, options);
    await stop();
    expect(changes.filter(({ type }) => type === 'transition')).toEqual([]);
  }
  expect(await engine.subscribe({ signal: AbortSignal.abort() })[Symbol.asyncIterator]().next()).toMatchObject({
    done: true,
  });
});

test('of all, from another engine, under four writers at once: nothing twice, nothing missed, wherever it is resumed', async () => {
  const step = defineStep<unknown, number>({ run: () => 1 });
  const workflow = oneStep('busy', step);
  const writers = await Promise.all(Array.from({ length: 4 }, () => bench.worker([workflow])));
  const visitor = bench.engine([workflow]);
  const ids = new Set<string>();
  const { changes, stop } = await following(visitor, { after: '0_0_x' });
  // A second reader that breaks off again and again, and resumes where it was.
  const resumed: string[] = [];
  let position = '0_0_x';
  let writing = true;
  const resuming = (async () => {
    for (let round = 0; writing || round % 7 !== 0; round++) {
      const signal = AbortSignal.timeout(60);
      for await (const change of visitor.subscribe({ after: position, signal })) {
        if (change.type !== 'transition') continue;
        position = change.position;
        if (change.entry.workflow === 'busy') resumed.push(`${change.entry.instanceId} ${change.entry.sequence}`);
        if (resumed.length % 5 === 0) break;
      }
    }
  })();
  await Promise.all(
    writers.map(async (writer) => {
      for (let i = 0; i < 40; i++) {
        const { id } = await writer.start('busy', null);
        ids.add(id);
        if (i % 10 === 0) await writer.result(id, { timeout: 10_000 });
      }
    }),
  );
  await Promise.all([...ids].map((id) => visitor.result(id, { timeout: 10_000 })));
  const expected = [...ids].flatMap((id) => [`${id} 1`, `${id} 2`]).toSorted();
  const transitions = () =>
    changes.flatMap((change) =>
      change.type === 'transition' && change.entry.workflow === 'busy'
        ? [`${change.entry.instanceId} ${change.entry.sequence}`]
        : [],
    );
  await eventually(() => transitions().length >= expected.length);
  await eventually(() => resumed.length >= expected.length);
  writing = false;
  await Promise.all([resuming, stop()]);
  expect(transitions().toSorted()).toEqual(expected);
  expect(resumed.toSorted()).toEqual(expected);
  // Each instance's own are in order.
  for (const list of [transitions(), resumed]) {
    for (const id of ids) expect(list.indexOf(`${id} 1`)).toBeLessThan(list.indexOf(`${id} 2`));
  }
});

test('from now on means: nothing that was before', async () => {
  const workflow = waitsForGo('from-now');
  const engine = await bench.worker([workflow]);
  // A transaction that was there before all of it, and lasts.
  const older = await bench.sql.reserve();
  await older`begin`;
  await older`select pg_current_xact_id()`;
  const { id: before } = await engine.start('from-now', undefined);
  const { changes, stop } = await following(engine, {});
  await eventually(
    async () =>
      (
        await bench.sql`select from pg_stat_activity where datname = current_database() and query like '%pg_current_snapshot()::text as snapshot%'`
      ).length > 0,
  );
  await older`commit`;
  older.release();
  const { id } = await engine.start('from-now', undefined);
  await engine.send(id, { type: 'GO' });
  await eventually(() =>
    changes.some(
      (change) => change.type === 'transition' && change.entry.instanceId === id && change.entry.to === 'DONE',
    ),
  );
  await stop();
  expect(changes.some((change) => change.type === 'transition' && change.entry.instanceId === before)).toBe(false);
});

test('a consumer that stops early leaves nothing behind, and a slow one misses nothing', async () => {
  const engine = await bench.worker([waitsForGo('leaves') as Workflow]);
  const { followers } = (engine as unknown as { changes: { followers: { empty: boolean } } }).changes;
  const { id } = await engine.start('leaves', undefined);
  for (let i = 0; i < 10; i++) {
    for await (const _ of engine.subscribe({ id, after: '0' })) break;
    for await (const _ of engine.subscribe({ after: '0_0_x' })) break;
  }
  await reached(engine, id, 'WAITING');
  const thrown = (async () => {
    for await (const _ of engine.subscribe({ id, after: '0' })) throw new Error('consumer broke');
  })();
  await expect(thrown).rejects.toThrow('consumer broke');
  expect(followers.empty).toBe(true);
  const slow = engine.subscribe({ id, after: '0' })[Symbol.asyncIterator]();
  await slow.next();
  for (let i = 0; i < 5; i++) await engine.send(id, { type: 'STAY' });
  await engine.send(id, { type: 'GO' });
  await engine.result(id, { timeout: 10_000 });
  const seen: number[] = [];
  for (let next = await slow.next(); next.done !== true; next = await slow.next())
    if (next.value.type === 'transition') seen.push(next.value.entry.sequence);
  expect(seen).toEqual([2, 3, 4, 5, 6, 7]);
  expect(followers.empty).toBe(true);
});
