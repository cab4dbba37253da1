import { assign, cancel, raise, sendTo, setup, type AnyStateMachine } from 'xstate';
import { expect, test } from 'vitest';
import { defineWorkflow } from '../../src/index.ts';
import { eventually, reached, useBench } from '../support/engine.ts';
import { HOUR, ManualClock, SECOND, YEAR } from '../support/manual-clock.ts';

const bench = useBench();

/** An engine whose time the test moves, with the machines as its workflows. */
async function timed(...machines: AnyStateMachine[]) {
  const clock = new ManualClock();
  const engine = await bench.worker(
    machines.map((machine) => defineWorkflow({ machine })),
    { clock, deadAfter: 1_000 * YEAR },
  );
  return { clock, engine };
}

test('after fires when its time has come, not before', async () => {
  const machine = setup({}).createMachine({
    id: 'ms',
    initial: 'A',
    states: { A: { after: { 600: 'B' } }, B: { type: 'final' } },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('ms', undefined);
  // Long enough to be looked at before it fires, also where other tests run beside it.
  const [timer] = (await engine.get(id)).timers;
  const { at } = await reached(engine, id, 'B');
  const { createdAt } = await engine.get(id);
  expect(at.getTime() - createdAt.getTime()).toBeGreaterThanOrEqual(600);
  expect(at.getTime() - createdAt.getTime()).toBeLessThan(600 + 920);
  expect(timer?.dueAt.getTime()).toBe(createdAt.getTime() + 600);
  expect((await engine.get(id)).timers).toEqual([]);
});

test('timers of years, and named delays that look at the context', async () => {
  const machine = setup({
    types: {} as { context: { years: number }; input: { years: number } },
    delays: { term: ({ context }) => context.years * YEAR },
  }).createMachine({
    id: 'years',
    context: ({ input }) => input,
    initial: 'RUNS',
    states: {
      RUNS: { after: { term: 'OVER' } },
      OVER: { after: { [30 * YEAR]: 'FORGOTTEN' } },
      FORGOTTEN: { type: 'final' },
    },
  });
  const { clock, engine } = await timed(machine);
  const { id } = await engine.start('years', { years: 100 });
  clock.advance(100 * YEAR - HOUR);
  expect((await engine.get(id)).state).toBe('RUNS');
  clock.advance(HOUR);
  await reached(engine, id, 'OVER');
  clock.advance(30 * YEAR);
  await reached(engine, id, 'FORGOTTEN');
});

test.each([1e15, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE])('a delay of %d ms is as good as never', async (delay) => {
  const machine = setup({ delays: { delay } }).createMachine({
    id: 'never',
    initial: 'A',
    states: { A: { after: { delay: 'B' } }, B: {} },
  });
  const { engine } = await timed(machine);
  const { id } = await engine.start('never', undefined);
  expect((await engine.get(id)).timers[0]?.dueAt.getUTCFullYear()).toBe(9999);
});

test('a timer goes with its state, and a state that is entered again waits anew', async () => {
  const machine = setup({
    types: {} as { events: { type: 'AGAIN' } | { type: 'AWAY' } | { type: 'BACK' } },
  }).createMachine({
    id: 'anew',
    initial: 'A',
    states: {
      A: { on: { AGAIN: { target: 'A', reenter: true }, AWAY: 'B' }, after: { [10 * SECOND]: 'LATE' } },
      B: { on: { BACK: 'A' } },
      LATE: { type: 'final' },
    },
  });
  const { clock, engine } = await timed(machine);
  const { id } = await engine.start('anew', undefined);
  const dueAt = async () => (await engine.get(id)).timers.map((timer) => timer.dueAt.getTime());
  const [first] = await dueAt();
  clock.advance(9 * SECOND);
  await engine.send(id, { type: 'AGAIN' });
  const second = await eventually(async () => (await dueAt()).find((due) => due !== first));
  expect(second).toBeGreaterThanOrEqual((first ?? 0) + 9 * SECOND);
  clock.advance(5 * SECOND);
  await engine.send(id, { type: 'AWAY' });
  await reached(engine, id, 'B');
  expect(await dueAt()).toEqual([]);
  clock.advance(YEAR);
  await engine.send(id, { type: 'BACK' });
  await eventually(async () => (await dueAt()).length === 1);
  expect((await engine.get(id)).state).toBe('A');
  clock.advance(11 * SECOND);
  await reached(engine, id, 'LATE');
  expect((await engine.history(id)).items.map(({ to }) => to)).toEqual(['A', 'A', 'B', 'A', 'LATE']);
});

test('a timer that became due while no worker was up fires when one comes', async () => {
  const machine = setup({}).createMachine({
    id: 'unwatched',
    initial: 'A',
    states: { A: { after: { 1_500: 'B' } }, B: { type: 'final' } },
  });
  const workflow = defineWorkflow({ machine });
  const first = await bench.worker([workflow]);
  const { id } = await first.start('unwatched', undefined);
  await first.stop();
  const clock = new ManualClock();
  clock.advance(2 * SECOND);
  const second = await bench.worker([workflow], { clock, deadAfter: YEAR });
  await reached(second, id, 'B');
});

test('timers are not late for want of polling: more than a second away, released, with nobody notified', async () => {
  const machine = setup({}).createMachine({
    id: 'punctual',
    initial: 'A',
    states: { A: { after: { 1_200: 'B' } }, B: { type: 'final' } },
  });
  const workflow = defineWorkflow({ machine });
  const engine = await bench.worker([workflow], { pollInterval: 60_000 });
  const visitor = bench.engine([workflow]);
  const ids = [(await engine.start('punctual', undefined)).id, (await visitor.start('punctual', undefined)).id];
  for (const id of ids) {
    const { at } = await reached(visitor, id, 'B');
    expect(at.getTime() - (await engine.get(id)).createdAt.getTime()).toBeLessThan(2_500);
  }
});

test('a thousand timers that are due at once all fire once', async () => {
  const machine = setup({}).createMachine({
    id: 'crowd',
    initial: 'A',
    states: { A: { after: { [HOUR]: 'B' } }, B: { type: 'final' } },
  });
  const { clock, engine } = await timed(machine);
  const ids = await Promise.all(Array.from({ length: 1_000 }, () => engine.start('crowd', undefined)));
  clock.advance(2 * HOUR);
  await eventually(
    async () =>
      (await bench.sql`select from durachart.instances where workflow = 'crowd' and status = 'done'`).length === 1_000,
  );
  const rows = await bench.sql`select from durachart.transitions where instance_id = any(${ids.map(({ id }) => id)})`;
  expect(rows).toHaveLength(2_000);
});

test('delayed raise and sendTo fire, and cancel takes them back', async () => {
  type Event = { type: 'TICK'; n: number } | { type: 'STOP' } | { type: 'END' };
  const machine = setup({
    types: {} as { context: { ticks: number[] }; events: Event; output: number[] },
  }).createMachine({
    id: 'ticks',
    context: { ticks: [] },
    output: ({ context }) => context.ticks,
    initial: 'A',
    states: {
      A: {
        entry: [
          raise({ type: 'TICK', n: 1 }, { delay: HOUR, id: 'one' }),
          sendTo(({ self }) => self, { type: 'TICK', n: 2 }, { delay: 2 * HOUR, id: 'two' }),
          raise({ type: 'TICK', n: 3 }, { delay: 3 * HOUR }),
          sendTo(({ self }) => self, { type: 'TICK', n: 0 }),
        ],
        on: {
          TICK: { actions: assign({ ticks: ({ context, event }) => [...context.ticks, event.n] }) },
          STOP: { actions: cancel('two') },
          END: 'B',
        },
      },
      B: { type: 'final' },
    },
  });
  const { clock, engine } = await timed(machine);
  const { id } = await engine.start('ticks', undefined);
  const ticks = async (count: number) =>
    eventually(async () => ((await engine.get(id)).context as { ticks: number[] }).ticks.length === count);
  await ticks(1);
  expect((await engine.get(id)).timers.map((timer) => timer.id)).toEqual(['one', 'two', expect.any(String)]);
  clock.advance(HOUR);
  await ticks(2);
  await engine.send(id, { type: 'STOP' });
  await eventually(async () => (await engine.get(id)).timers.length === 1);
  clock.advance(3 * HOUR);
  await ticks(3);
  await engine.send(id, { type: 'END' });
  expect(await engine.result(id, { timeout: 10_000 })).toEqual([0, 1, 3]);
  const payloads = (await engine.history(id)).items.map(({ event, payload }) => [event, payload]);
  expect(payloads).toContainEqual(['TICK', { n: 3 }]);
});

test('two delayed events with one id both arrive, as in XState; cancel takes back the newer one', async () => {
  type Event = { type: 'TICK'; n: number } | { type: 'STOP' } | { type: 'END' };
  const later = (n: number) =>
    raise<Context, Event, Event, undefined>({ type: 'TICK', n }, { delay: n * HOUR, id: 'tick' });
  interface Context {
    ticks: number[];
  }
  const machine = setup({
    types: {} as { context: Context; events: Event; output: number[] },
  }).createMachine({
    id: 'one-id',
    context: { ticks: [] },
    output: ({ context }) => context.ticks,
    initial: 'A',
    entry: [later(1), later(2), later(3), later(4)],
    states: {
      A: {
        on: {
          TICK: { actions: assign({ ticks: ({ context, event }) => [...context.ticks, event.n] }) },
          STOP: { actions: [cancel('tick'), later(5)] },
          END: 'B',
        },
      },
      B: { type: 'final' },
    },
  });
  const { clock, engine } = await timed(machine);
  const { id } = await engine.start('one-id', undefined);
  const ticks = async (count: number) =>
    eventually(async () => ((await engine.get(id)).context as unknown as Context).ticks.length === count);
  clock.advance(HOUR);
  await ticks(1);
  await engine.send(id, { type: 'STOP' });
  await eventually(async () => (await engine.get(id)).sequence === 3);
  clock.advance(10 * HOUR);
  await ticks(4);
  await engine.send(id, { type: 'END' });
  expect(await engine.result(id, { timeout: 10_000 })).toEqual([1, 2, 3, 5]);
});
