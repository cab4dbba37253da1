import { createActor, setup, type AnyStateMachine } from 'xstate';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineWorkflow } from '../../src/index.ts';
import type { DurachartError } from '../../src/core/error.ts';
import { eventually, standing, useBench } from '../support/engine.ts';
import { seeded } from '../proof/random.ts';

const bench = useBench();

const gate = defineWorkflow({
  machine: setup({}).createMachine({
    id: 'gate',
    initial: 'A',
    states: { A: { on: { GO: 'B' } }, B: { on: { FIN: 'Z', SAY: 'B' } }, Z: { type: 'final' } },
  }),
  events: { SAY: z.object({ text: z.string() }) },
});

const once = (): { id: string }[] => Array.from({ length: 100 }, (_, index) => ({ id: `${index}` }));

test('takes an event that the one before it leads to, with the worker in the same process: 100 of 100', async () => {
  const engine = await bench.worker([gate]);
  for (const { id } of once()) {
    await engine.start('gate', undefined, { id: `same-${id}` });
    await engine.send(`same-${id}`, { type: 'GO' });
    await engine.send(`same-${id}`, { type: 'FIN' });
  }
  for (const { id } of once()) await engine.result(`same-${id}`, { timeout: 10_000 });
});

test('and with the worker elsewhere, or with none up', async () => {
  const engine = bench.engine([gate]);
  const both = async (id: string): Promise<void> => {
    await engine.start('gate', undefined, { id });
    await engine.send(id, { type: 'GO' });
    await engine.send(id, { type: 'FIN' });
  };
  await both('early');
  await expect(engine.send('early', { type: 'FIN' })).rejects.toMatchObject({
    code: 'INSTANCE_ENDED',
    message: expect.stringContaining('GO, FIN'),
  });
  await bench.worker([gate]);
  for (const { id } of once()) await both(`other-${id}`);
  for (const { id } of once()) await engine.result(`other-${id}`, { timeout: 10_000 });
  await engine.result('early', { timeout: 10_000 });
});

test('says what the state behind the inbox takes', async () => {
  const engine = bench.engine([gate]);
  await engine.start('gate', undefined, { id: 'behind' });
  await engine.send('behind', { type: 'GO' });
  await expect(engine.send('behind', { type: 'GO' })).rejects.toMatchObject({
    code: 'EVENT_NOT_ACCEPTED',
    message:
      'Instance behind is in B once it has taken what lies in its inbox (GO) and does not take GO. It takes: FIN, SAY.',
    details: { accepts: ['FIN', 'SAY'], state: 'B' },
  });
});

test('of two events that exclude each other, sent at once by one process or by two, one is refused and none ignored', async () => {
  const here = await bench.worker([gate]);
  const there = bench.engine([gate]);
  for (let round = 0; round < 30; round++) {
    const id = `both-${round}`;
    await here.start('gate', undefined, { id });
    const other = round % 2 === 0 ? here : there;
    const sent = await Promise.allSettled([here.send(id, { type: 'GO' }), other.send(id, { type: 'GO' })]);
    expect(sent.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  }
  await eventually(async () => (await bench.sql`select 1 from durachart.events where status = 'pending'`).length === 0);
  expect(
    await bench.sql`select 1 from durachart.events where status = 'ignored' and instance_id like 'both-%'`,
  ).toEqual([]);
});

test('answers each of a thousand events that are sent at once for itself', async () => {
  const engine = await bench.worker([gate]);
  const ids = Array.from({ length: 50 }, (_, index) => `each-${index}`);
  for (const id of ids) await engine.start('gate', undefined, { id });
  const sent = await Promise.allSettled(
    Array.from({ length: 1_000 }, async (_, index) => {
      const id = ids[index % ids.length] as string;
      const round = Math.floor(index / ids.length);
      if (round === 0) return engine.send(id, { type: 'GO' });
      if (round === 1) return engine.send(id, { type: 'SAY', text: 7 });
      if (round === 2) return engine.send('nobody', { type: 'GO' });
      return engine.send(id, { type: 'SAY', text: 'x' }, round % 2 === 0 ? { key: 'same' } : {});
    }),
  );
  const counts = new Map<string, number>();
  for (const one of sent) {
    const word =
      one.status === 'rejected' ? (one.reason as DurachartError).code : one.value.duplicate ? 'duplicate' : 'sent';
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  // Of 20 rounds one is of GO and 17 of SAY, of which 8 have one key.
  expect(Object.fromEntries(counts)).toEqual({
    sent: 50 + 9 * 50 + 50,
    duplicate: 7 * 50,
    INVALID_EVENT: 50,
    INSTANCE_NOT_FOUND: 50,
  });
});

test('what the database refuses keeps no other event of the group out', async () => {
  const wild = defineWorkflow({
    machine: setup({}).createMachine({ id: 'wild-group', initial: 'A', states: { A: { on: { 'say.*': 'A' } } } }),
  });
  const engine = bench.engine([wild]);
  await engine.start('wild-group', undefined, { id: 'wild-group' });
  const sent = await Promise.allSettled(
    Array.from({ length: 20 }, async (_, n) => engine.send('wild-group', { type: n === 7 ? 'say.\0' : `say.${n}` })),
  );
  expect(sent.map(({ status }) => status === 'fulfilled')).toEqual(sent.map((_, n) => n !== 7));
  const rows = await bench.sql`select type from durachart.events where instance_id = 'wild-group' order by id`;
  expect(rows.map(({ type }) => type as string)).toEqual(
    Array.from({ length: 20 }, (_, n) => `say.${n}`).filter((_, n) => n !== 7),
  );
});

test('who waits is told whether it was taken, and where that led', async () => {
  const idle = bench.engine([gate]);
  await idle.start('gate', undefined, { id: 'waits' });
  expect(await idle.send('waits', { type: 'GO' }, { key: 'go', wait: 0 })).toEqual({
    duplicate: false,
    outcome: 'pending',
    state: 'A',
    sequence: 1,
  });
  const aborted = AbortSignal.abort();
  expect(await idle.send('waits', { type: 'GO' }, { key: 'go', wait: 60_000, signal: aborted })).toMatchObject({
    outcome: 'pending',
  });
  const engine = await bench.worker([gate]);
  const taken = { outcome: 'taken', state: 'B', sequence: 2 };
  expect(await idle.send('waits', { type: 'GO' }, { key: 'go', wait: 10_000 })).toEqual({ duplicate: true, ...taken });
  expect(await engine.send('waits', { type: 'FIN' }, { wait: 10_000 })).toEqual({
    duplicate: false,
    outcome: 'taken',
    state: 'Z',
    sequence: 3,
  });
  expect(await engine.send('waits', { type: 'GO' }, { key: 'go', wait: 10_000 })).toEqual({
    duplicate: true,
    ...taken,
  });
  await expect(engine.send('waits', { type: 'GO' }, { wait: 10_000 })).rejects.toMatchObject({
    code: 'INSTANCE_ENDED',
  });
  for (const wait of [-1, NaN, 600_001])
    await expect(engine.send('waits', { type: 'GO' }, { wait })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});

test('who waits is told that it was ignored, where a timer was faster', async () => {
  const hasty = defineWorkflow({
    machine: setup({}).createMachine({
      id: 'hasty',
      initial: 'A',
      states: { A: { on: { GO: 'A', GONE: 'B' }, after: { 900: {} } }, B: { on: { BACK: 'A' } } },
    }),
  });
  const idle = bench.engine([hasty]);
  await idle.start('hasty', undefined, { id: 'hasty' });
  await idle.send('hasty', { type: 'GONE' });
  const outcome = idle.send('hasty', { type: 'GO' }, { wait: 10_000 });
  await bench.worker([hasty]);
  expect(await outcome).toEqual({ duplicate: false, outcome: 'ignored', state: 'B', sequence: 2 });
});

test('refuses exactly what XState would not take, whatever was sent before', async () => {
  const seed = Number(process.env['FC_SEED'] ?? Date.now() % 1_000_000);
  console.log(`FC_SEED=${seed}`);
  const random = seeded(seed);
  const states = ['S0', 'S1', 'S2', 'S3', 'S4'];
  const types = ['E0', 'E1', 'E2', 'E3'];
  for (let round = 0; round < 12; round++) {
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const machine: AnyStateMachine = setup({}).createMachine({
      id: `walk-${round}`,
      initial: 'S0',
      states: Object.fromEntries([
        ...states.map((name) => [
          name,
          {
            on: Object.fromEntries(
              types
                .filter(() => random() < 0.5)
                .map((type) => [type, pick([...states.filter((other) => other !== name), 'END'])]),
            ),
          },
        ]),
        ['END', { type: 'final' }],
      ]) as never,
    }) as never;
    const walk = defineWorkflow({ machine });
    const engine = round % 2 === 0 ? await bench.worker([walk]) : bench.engine([walk]);
    const { id } = await engine.start(walk.name, undefined);
    const actor = createActor(machine).start();
    for (let n = 0; n < 30; n++) {
      if (walk.eventTypes.length === 0) break;
      const event = { type: pick(walk.eventTypes) };
      const takes = actor.getSnapshot().can(event as never);
      const sent = await engine.send(id, event).then(
        () => true,
        (error: DurachartError) => error.code,
      );
      const refusal = actor.getSnapshot().status === 'done' ? 'INSTANCE_ENDED' : 'EVENT_NOT_ACCEPTED';
      expect(sent, `seed ${seed}, machine ${round}, event ${n}`).toBe(takes ? true : refusal);
      if (takes) actor.send(event as never);
    }
    if (round % 2 === 1) await bench.worker([walk]);
    const wanted = actor.getSnapshot() as { status: string; value: string };
    const view = await eventually(async () => {
      const now = await engine.get(id);
      return now.state === wanted.value && now;
    });
    expect(view.state, `seed ${seed}, machine ${round}`).toBe(wanted.value);
    const ignored = await bench.sql`select 1 from durachart.events where instance_id = ${id} and status = 'ignored'`;
    expect(ignored, `seed ${seed}, machine ${round}`).toHaveLength(0);
    await engine.stop({ grace: 0 });
  }
}, 60_000);

test('a held instance is judged by where it stands, and takes what it was sent once it goes on', async () => {
  const engine = await bench.worker([gate]);
  await engine.start('gate', undefined, { id: 'held' });
  await engine.operate('held', { operation: 'pause' }, { wait: 10_000 });
  await expect(engine.send('held', { type: 'FIN' })).rejects.toMatchObject({ code: 'EVENT_NOT_ACCEPTED' });
  await engine.send('held', { type: 'GO' });
  await engine.send('held', { type: 'FIN' });
  await engine.operate('held', { operation: 'unpause' });
  await standing(engine, 'held', 'done');
});
