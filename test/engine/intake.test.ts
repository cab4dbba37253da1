import { assign, createActor, createMachine, sendTo, setup, SimulatedClock, type AnyStateMachine } from 'xstate';
import { expect, test } from 'vitest';
import { MOST_OVERDUE, NO_CHAIN } from '../../src/engine/chain.ts';
import { decide } from '../../src/engine/decide.ts';
import { nextInput } from '../../src/engine/intake.ts';
import type { InboxEvent, NewInstance } from '../../src/engine/ports.ts';
import { unborn, type State } from '../../src/engine/state.ts';
import { defineWorkflow, type Workflow } from '../../src/index.ts';
import { seeded } from '../proof/random.ts';
import { reached, useBench } from '../support/engine.ts';
import { HOUR, ManualClock } from '../support/manual-clock.ts';

const bench = useBench();

test('a deadline that had passed when an event was sent comes before it, though no worker was there; else the event does', async () => {
  const machine = setup({ types: { events: {} as { type: 'PAY' } } }).createMachine({
    id: 'deadline',
    initial: 'OPEN',
    states: {
      OPEN: { on: { PAY: 'PAID' }, after: { 500: 'LATE' } },
      PAID: {},
      LATE: { on: { PAY: 'REFUSED' } },
      REFUSED: {},
    },
  });
  const clock = new ManualClock();
  const workflow = defineWorkflow({ machine });
  const visitor = bench.engine([workflow], { clock });
  const late = await visitor.start('deadline', undefined);
  clock.advance(501);
  await visitor.send(late.id, { type: 'PAY' });
  const early = await visitor.start('deadline', undefined);
  await visitor.send(early.id, { type: 'PAY' });
  clock.advance(1_000);
  const worker = await bench.worker([workflow], { clock, deadAfter: 100 * HOUR });
  await reached(worker, late.id, 'REFUSED');
  await reached(worker, early.id, 'PAID');
  expect((await worker.history(late.id)).items.map(({ to }) => to)).toEqual(['OPEN', 'LATE', 'REFUSED']);
});

const untyped = (config: object): AnyStateMachine => createMachine(config as never) as AnyStateMachine;

const noted = (name: string) =>
  assign({ seen: ({ context }: { context: { seen: string } }) => `${context.seen}${name}` });

test('an event after three overdue timers comes after them, also where each of them arms the next', async () => {
  const chained = untyped({
    id: 'chained',
    context: { seen: '' },
    on: { X: { actions: noted('x') } },
    initial: 'a',
    states: {
      a: { after: { 100: { target: 'b', actions: noted('1') } } },
      b: { after: { 100: { target: 'c', actions: noted('2') } } },
      c: { after: { 100: { target: 'd', actions: noted('3') } } },
      d: {},
    },
  });
  const beside = untyped({
    id: 'beside',
    context: { seen: '' },
    on: { X: { actions: noted('x') } },
    after: { 300: { actions: noted('3') }, 100: { actions: noted('1') }, 200: { actions: noted('2') } },
  });
  const clock = new ManualClock();
  const workflows = [defineWorkflow({ machine: chained }), defineWorkflow({ machine: beside })] as const;
  const visitor = bench.engine(workflows, { clock });
  const ids = [(await visitor.start('chained', undefined)).id, (await visitor.start('beside', undefined)).id];
  clock.advance(1_300);
  for (const id of ids) await visitor.send(id, { type: 'X' });
  const worker = await bench.worker(workflows, { clock, deadAfter: 100 * HOUR });
  for (const id of ids)
    await expect.poll(async () => (await worker.get(id)).context, { timeout: 15_000 }).toEqual({ seen: '123x' });
});

test('a worker that has the instance in memory reads the inbox before it lets a timer fire', async () => {
  const machine = setup({ types: { events: {} as { type: 'YES' } } }).createMachine({
    id: 'inHand',
    initial: 'w',
    states: {
      w: { on: { YES: 'yes' }, after: { 600: 'timeout' } },
      yes: { type: 'final' },
      timeout: { type: 'final' },
    },
  });
  const clock = new ManualClock();
  const workflow = defineWorkflow({ machine });
  const worker = await bench.worker([workflow], { clock, deadAfter: 100 * HOUR });
  const { id } = await worker.start('inHand', undefined);
  // As it is stored when an event is acknowledged, and its notification is lost.
  await bench.sql`
    with e as (insert into durachart.events (instance_id, type, source, created_at) values (${id}, 'YES', 'external', to_timestamp(${clock.now()}::float8 / 1000)))
    update durachart.instances set wake = wake + 1 where id = ${id}`;
  clock.advance(700);
  await reached(worker, id, 'yes');
});

// ---- what comes next, against XState's own actor on its simulated clock

/** Milliseconds of a generated life. */
const SPAN = 300;
const EVENTS = ['E0', 'E1', 'E2'];
const DELAYS = [10, 10, 20, 30, 50, 70];

/** Regions in which timers follow each other, side by side; events are noted, and may put an end to the timers of a region. */
function generated(random: () => number): AnyStateMachine {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const region = (name: string): object => {
    const count = 1 + Math.floor(random() * 4);
    const names = Array.from({ length: count }, (_, index) => `s${index}`);
    const state = (id: string): object => {
      const delays = new Set(Array.from({ length: 1 + Math.floor(random() * 2) }, () => pick(DELAYS)));
      const after = [...delays].map((delay) => [
        delay,
        { target: pick([...names, 'rest']), reenter: true, actions: noted(`(${name}.${id} ${delay})`) },
      ]);
      return {
        after: Object.fromEntries(after) as object,
        entry: random() < 0.2 ? sendTo(({ self }) => self, { type: `S.${name}.${id}` }) : [],
        on: random() < 0.4 ? { [pick(EVENTS)]: { target: 'rest', actions: noted(`(${name} rests)`) } } : {},
      };
    };
    return {
      initial: 's0',
      states: { ...Object.fromEntries(names.map((id) => [id, state(id)])), rest: {} },
    };
  };
  const regions = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, index) => [
    `r${index}`,
    region(`r${index}`),
  ]);
  return untyped({
    id: 'generated',
    type: 'parallel',
    context: { seen: '' },
    states: {
      ...Object.fromEntries(regions),
      ear: {
        on: { '*': { actions: assign({ seen: ({ context, event }) => `${context.seen}${event.type} ` }) } },
      },
    },
  });
}

/** The machine as it is, on a clock that XState has for tests: each thing at its time. */
function byXState(machine: AnyStateMachine, events: readonly InboxEvent[], until: number): unknown {
  const clock = new SimulatedClock();
  const actor = createActor(machine, { clock });
  actor.start();
  for (let now = 0; now <= until; now++) {
    clock.set(now);
    for (const { createdAt, type } of events) if (createdAt === now) actor.send({ type });
  }
  return actor.getSnapshot().context;
}

const CREATE: NewInstance = {
  workflow: 'generated',
  version: '1',
  tenant: null,
  tags: [],
  priority: 5,
  input: undefined,
  key: null,
  parent: null,
  leased: false,
  wakeAt: 0,
  startAt: null,
  createdAt: 0,
};

/** Whoever takes the instance up at these times, and finds what has come in by then. */
function byTakingUp(workflow: Workflow, events: readonly InboxEvent[], times: readonly number[]): State {
  let { state } = decide(unborn('i', workflow, CREATE), { type: 'start' }, 0);
  const taken = new Set<number>();
  for (const now of times) {
    // As it is read back.
    state = { ...state, movedAt: -Infinity, since: -Infinity, chain: NO_CHAIN };
    for (;;) {
      const inbox = events.filter(({ id, createdAt }) => createdAt <= now && !taken.has(id));
      const next = nextInput({ state, inbox, readAt: now, now, mayGoOn: true, isStill: false });
      if (next === undefined) break;
      if (next.type === 'read') throw new Error('It was read just now.');
      const decision = decide(state, next, now);
      for (const { id } of decision.change.consumed) taken.add(id);
      ({ state } = decision);
    }
  }
  return state;
}

// SEED=… repeats one.
const SEED = Number(process.env['SEED'] ?? 4_711);
const RUNS = Number(process.env['RUNS'] ?? 150);

test(
  `${RUNS} machines with timers and events come to the same as on XState's own clock, whenever they are taken up`,
  { timeout: 120_000 },
  () => {
    for (let seed = SEED; seed < SEED + RUNS; seed++) {
      const random = seeded(seed);
      const machine = generated(random);
      const workflow = defineWorkflow({ machine, name: 'generated' }) as Workflow;
      const events = Array.from({ length: Math.floor(random() * 6) }, () => Math.floor(random() * SPAN))
        .toSorted((a, b) => a - b)
        .map((createdAt, index): InboxEvent => ({
          id: index + 1,
          type: EVENTS[Math.floor(random() * EVENTS.length)] as string,
          payload: null,
          source: 'external',
          fence: null,
          createdAt,
        }));
      const times = Array.from({ length: Math.floor(random() * 4) }, () => Math.floor(random() * SPAN)).toSorted(
        (a, b) => a - b,
      );
      const state = byTakingUp(workflow, events, [...times, SPAN]);
      expect(state.stored?.context, `SEED=${seed} RUNS=1`).toEqual(byXState(machine, events, SPAN));
    }
  },
);

test('of timers without end so many are made up for, and then they go on from the present', () => {
  const machine = setup({}).createMachine({ id: 'ticks', after: { 10: { reenter: true, target: '#ticks' } } });
  const workflow = defineWorkflow({ machine, name: 'ticks' }) as Workflow;
  const now = 100_000_000;
  const state = byTakingUp(workflow, [], [now]);
  expect(state.status).toBe('waiting');
  // The start, the first one, those that were overdue when they were armed, and the last of them.
  expect(state.sequence).toBe(1 + 1 + MOST_OVERDUE + 1);
  expect([...state.timers.values()].map(({ dueAt }) => dueAt)).toEqual([now + 10]);
});
