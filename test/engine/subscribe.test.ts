import postgres from 'postgres';
import { expect, onTestFinished, test } from 'vitest';
import type { Change, Engine } from '../../src/engine/api.ts';
import { defineStep, type Workflow } from '../../src/index.ts';
import { createDatabase } from '../support/database.ts';
import { eventually, reached, useBench } from '../support/engine.ts';
import { HeldStep, oneStep, waitsForGo } from '../support/machines.ts';

const bench = useBench();

/** Not only asked for. */
const APPLIED = { wait: 10_000 };

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
      : change.type === 'step'
        ? `${change.step.step} ${change.step.status}`
        : `is ${change.status}`,
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
  // A transaction that was there before all of it, and lasts, and may write history.
  const older = await bench.sql.reserve();
  await older`begin`;
  await older`lock table durachart.transitions in row exclusive mode`;
  await older`select pg_current_xact_id()`;
  const { id: before } = await engine.start('from-now', undefined);
  const { changes, stop } = await following(engine, {});
  await eventually(
    async () =>
      (
        await bench.sql`select from pg_stat_activity where datname = current_database() and query like '%pg_snapshot_xip%' and state = 'idle'`
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

test.each(['this', 'another'])(
  'a transaction in %s database that lasts, and writes what is its own, keeps nothing back',
  async (where) => {
    const workflow = waitsForGo(`beside-${where}`);
    const engine = await bench.worker([workflow]);
    const other = where === 'this' ? undefined : await createDatabase();
    const theirs = postgres(other?.url ?? bench.url, { max: 1, onnotice: () => {} });
    onTestFinished(async () => {
      await theirs.end();
      await other?.drop();
    });
    await theirs`begin`;
    await theirs`create temp table backfill as select 1 as done`;
    const { changes, stop } = await following(engine, {});
    // From when on it follows shows by what it shows: one start after another, until one is seen.
    await eventually(async () => {
      await engine.start(workflow.name, undefined);
      return names(changes).includes('1 WAITING');
    });
    const { id } = await engine.start(workflow.name, undefined);
    await engine.send(id, { type: 'GO' });
    await eventually(() =>
      changes.some(
        (change) => change.type === 'transition' && change.entry.instanceId === id && change.entry.to === 'DONE',
      ),
    );
    await theirs`rollback`;
    await stop();
  },
);

test('what a transactional step commits is seen once, however long ago it began', async () => {
  const wrote = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const step = defineStep<unknown, number>({
    transactional: true,
    async run({ tx }) {
      await tx`create temp table mine as select 1 as written`;
      wrote.resolve();
      await goOn.promise;
      return 1;
    },
  });
  const slow = oneStep('slow-commit', step);
  const quick = waitsForGo('quick-commit');
  const engine = await bench.worker([slow, quick]);
  const { changes, stop } = await following(engine, { after: '0_0_x' });
  const { id } = await engine.start('slow-commit', null);
  await wrote.promise;
  const { id: other } = await engine.start('quick-commit', undefined);
  const seen = () =>
    changes.flatMap((change) =>
      change.type === 'transition' && [id, other].includes(change.entry.instanceId)
        ? [`${change.entry.workflow} ${change.entry.to}`]
        : [],
    );
  // The stream is past the step's transaction, which holds nothing back, before that is committed.
  await eventually(() => seen().includes('quick-commit WAITING'));
  goOn.resolve();
  await eventually(() => seen().includes('slow-commit DONE'));
  await stop();
  expect(seen().toSorted()).toEqual(['quick-commit WAITING', 'slow-commit BEGUN', 'slow-commit DONE']);
});

test('an import that began before what has been seen meanwhile is seen whole', async () => {
  const workflow = waitsForGo('late-import');
  const engine = await bench.worker([workflow]);
  const { id: first } = await engine.start('late-import', undefined);
  await reached(engine, first, 'WAITING');
  const document = await engine.export(first);
  const { changes, stop } = await following(engine, {});
  // The import stands in the middle of its transaction for as long as somebody has this lock.
  await bench.sql`create function stand() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock(7, 7); return null; end'`;
  await bench.sql`create trigger stand after insert on durachart.instances for each row when (new.id = 'late') execute function stand()`;
  const holder = await bench.sql.reserve();
  await holder`select pg_advisory_lock(7, 7)`;
  const importing = engine.import(document, { id: 'late' });
  await eventually(
    async () =>
      (await bench.sql`select from pg_locks where locktype = 'advisory' and classid = 7 and objid = 7 and not granted`)
        .length > 0,
  );
  const { id: other } = await engine.start('late-import', undefined);
  await reached(engine, other, 'WAITING');
  // The stream has looked since, and could have gone past what is not there yet.
  const [since] = await bench.sql<[{ now: Date }]>`select clock_timestamp() as now`;
  await eventually(
    async () =>
      (
        await bench.sql`select from pg_stat_activity where datname = current_database() and query like '%pg_snapshot_xip%' and state = 'idle' and query_start > ${since.now}`
      ).length > 0,
  );
  await holder`select pg_advisory_unlock(7, 7)`;
  holder.release();
  await importing;
  const seen = (id: string) =>
    changes.some(
      (change) => change.type === 'transition' && change.entry.instanceId === id && change.entry.to === 'WAITING',
    );
  await eventually(() => seen('late') && seen(other));
  await stop();
});

test.each(['of one', 'of all'])('%s, it tells where an instance stands after what is no transition', async (whose) => {
  const begun = Promise.withResolvers<void>();
  const fails = defineStep<unknown, number>({
    retry: { maxAttempts: 1 },
    async run() {
      await begun.promise;
      throw new Error('no');
    },
  });
  const waits = waitsForGo(`standing-${whose === 'of one' ? 'one' : 'all'}`);
  const breaks = oneStep(`breaks-${whose === 'of one' ? 'one' : 'all'}`, fails);
  const engine = await bench.worker([waits, breaks]);
  // Another process: what it is told comes by notification.
  const visitor = bench.engine([waits, breaks]);
  const { id } = await engine.start(waits.name, undefined);
  await reached(engine, id, 'WAITING');
  const { changes, stop } = await following(visitor, whose === 'of one' ? { id } : {});
  const stands = (of: string) =>
    changes.flatMap((change) =>
      change.type === 'status' && change.instanceId === of ? [`${change.status} ${change.errorCode}`] : [],
    );
  // It follows from when it first tells something.
  await eventually(async () => {
    await engine.operate(id, { operation: 'pause' }, APPLIED);
    await engine.operate(id, { operation: 'unpause' }, APPLIED);
    return stands(id).length > 0;
  });
  await engine.operate(id, { operation: 'pause' }, APPLIED);
  await eventually(() => stands(id).at(-1) === 'paused null');
  await engine.cancel(id, { force: true });
  await eventually(() => stands(id).at(-1) === 'cancelled CANCELLED');
  expect(changes.findLast((change) => change.type === 'status' && change.status === 'paused')).toEqual({
    type: 'status',
    instanceId: id,
    workflow: waits.name,
    status: 'paused',
    errorCode: null,
    sequence: 1,
  });
  if (whose === 'of all') {
    const { id: broken } = await engine.start(breaks.name, null);
    await eventually(() => names(changes).includes('1 BEGUN'));
    begun.resolve();
    await eventually(() => stands(broken).at(-1) === 'failed UNKNOWN');
  }
  await stop();
});

test('of many that stand still at once, each is told by its name', async () => {
  const workflow = waitsForGo('many-standing');
  const engine = await bench.worker([workflow]);
  const visitor = bench.engine([workflow]);
  const ids = await Promise.all(
    Array.from({ length: 150 }, async () => {
      const { id } = await engine.start(workflow.name, undefined);
      return id;
    }),
  );
  await Promise.all(ids.map(async (id) => reached(engine, id, 'WAITING')));
  const { changes, stop } = await following(visitor, {});
  const [first = ''] = ids;
  const told = () => new Set(changes.flatMap((change) => (change.type === 'status' ? [change.instanceId] : [])));
  await eventually(async () => {
    await engine.operate(first, { operation: 'pause' }, APPLIED);
    await engine.operate(first, { operation: 'unpause' }, APPLIED);
    return told().has(first);
  });
  await Promise.all(ids.map(async (id) => engine.operate(id, { operation: 'pause' }, APPLIED)));
  await eventually(() => ids.every((id) => told().has(id)));
  await stop();
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
