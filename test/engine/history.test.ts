import { assign, setup } from 'xstate';
import { expect, test } from 'vitest';
import { defineWorkflow } from '../../src/index.ts';
import type { StoredSnapshot } from '../../src/core/snapshot.ts';
import { decoded } from '../../src/core/undefined.ts';
import { eventually, useBench } from '../support/engine.ts';

const bench = useBench();

type Event =
  | { type: 'PUT'; key: string; value: unknown }
  | { type: 'DROP'; key: string }
  | { type: 'TURN' }
  | { type: 'BREAK' }
  | { type: 'END' };

/** A machine whose context gains, changes and loses keys, and whose value turns through nested, parallel and history states. */
const machine = setup({
  types: {} as { context: Record<string, unknown>; events: Event; output: unknown },
}).createMachine({
  id: 'changes',
  context: {},
  output: ({ context }: { context: object }) => ({ keys: Object.keys(context).length }),
  type: 'parallel',
  states: {
    data: {
      on: {
        PUT: { actions: assign(({ context, event }) => ({ ...context, [event.key]: event.value })) },
        DROP: { actions: assign(({ event }) => ({ [event.key]: undefined })) },
      },
    },
    wheel: {
      initial: 'turns',
      states: {
        turns: {
          initial: 'A',
          states: {
            A: { on: { TURN: 'B' } },
            B: { on: { TURN: 'C' } },
            C: { on: { TURN: 'A' } },
            back: { type: 'history' },
          },
          on: { BREAK: 'broken' },
        },
        broken: { on: { TURN: 'turns.back' } },
      },
    },
  },
});

test('history and snapshots are exact, over whole and partial ones', async () => {
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('changes', undefined);
  const stored: (StoredSnapshot | undefined)[] = [undefined];
  const note = async (sequence: number) => {
    const row = await eventually(
      async () =>
        (
          await bench.sql`select sequence, snapshot from durachart.instances where id = ${id} and sequence = ${sequence} and snapshot_at is null`
        )[0],
    );
    stored[sequence] = decoded(row['snapshot'] as StoredSnapshot);
  };
  await note(1);
  for (let i = 2; i <= 215; i++) {
    const event: Event =
      i % 11 === 0
        ? { type: 'BREAK' }
        : i % 5 === 0
          ? { type: 'TURN' }
          : i % 7 === 0
            ? { type: 'DROP', key: `k${i % 6}` }
            : { type: 'PUT', key: `k${i % 6}`, value: { i, list: [i, null, `t${i}`] } };
    await engine.send(id, event).catch(() => engine.send(id, { type: 'PUT', key: 'else', value: i }));
    await note(i);
  }
  const told = await Promise.all(
    stored.map(async (_, sequence) => (sequence === 0 ? undefined : engine.snapshot(id, sequence))),
  );
  expect(told).toEqual(stored);
  expect(new Set(stored.map((snapshot) => JSON.stringify(snapshot?.value))).size).toBeGreaterThan(3);

  const pages: number[][] = [];
  let cursor: string | undefined;
  do {
    const page = await engine.history(id, { limit: 50, ...(cursor === undefined ? {} : { cursor }) });
    pages.push(page.items.map(({ sequence }) => sequence));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  expect(pages.map((page) => page.length)).toEqual([50, 50, 50, 50, 15]);
  expect(pages.flat()).toEqual(Array.from({ length: 215 }, (_, n) => n + 1));

  // Few rows are read for it: the nearest whole snapshot is at most a hundred away.
  const whole = await bench.sql<
    { sequence: number }[]
  >`select sequence from durachart.transitions where instance_id = ${id} and diff -> 'status' is not null and diff -> 'historyValue' is not null and diff -> 'children' is not null order by sequence`;
  expect(whole.map(({ sequence }) => sequence)).toEqual([1, 100, 200]);
});

test('says which transitions there are not', async () => {
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('changes', undefined);
  for (const sequence of [0, -1, 2, 1.5, Number.NaN, 2 ** 31, 2 ** 53]) {
    await expect(engine.snapshot(id, sequence)).rejects.toMatchObject({ code: 'TRANSITION_NOT_FOUND' });
  }
  expect(await engine.snapshot(id, 1)).toMatchObject({ status: 'active', context: {} });
});

test('an entry says from where to where, by what, when', async () => {
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('changes', undefined);
  await engine.send(id, { type: 'PUT', key: 'a', value: null });
  await eventually(async () => (await engine.get(id)).sequence === 2);
  expect((await engine.history(id)).items).toEqual([
    {
      instanceId: id,
      workflow: 'changes',
      sequence: 1,
      event: 'xstate.init',
      payload: null,
      from: null,
      to: 'data, wheel.turns.A',
      step: null,
      emitted: [],
      at: expect.any(Date),
    },
    {
      instanceId: id,
      workflow: 'changes',
      sequence: 2,
      event: 'PUT',
      payload: { key: 'a', value: null },
      from: 'data, wheel.turns.A',
      to: 'data, wheel.turns.A',
      step: null,
      emitted: [],
      at: expect.any(Date),
    },
  ]);
  expect((await engine.get(id)).context).toEqual({ a: null });
});
