import {
  assign,
  cancel,
  emit,
  enqueueActions,
  fromPromise,
  log,
  raise,
  sendParent,
  setup,
  spawnChild,
  stopChild,
} from 'xstate';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { errorRecord } from '../../src/core/error.ts';
import { Machine, type Transition } from '../../src/core/machine.ts';
import { Shortcut } from '../../src/core/shortcut.ts';

afterEach(() => void vi.restoreAllMocks());

interface Case {
  /** States beside `a`, in which the machine starts, and what is in `a`. */
  a?: object;
  states?: object;
  root?: object;
  /** Types of events, the one that is looked at last. `GO` alone, where nothing is said. */
  events?: string[];
}

const config = setup({
  types: {
    context: {} as { n: number; names: string[]; ref: unknown },
    events: {} as { type: string; by?: number },
    emitted: {} as { type: string; n: number },
  },
  actors: { work: fromPromise<number, unknown>(async () => 1) },
  actions: {
    note: (_, _params: unknown) => {},
    add: assign({ n: ({ context }, params: { by: number } | undefined) => context.n + (params?.by ?? 1) }),
    nothing: assign({}),
    break: assign(() => {
      throw new Error('broken');
    }),
  },
  guards: { many: ({ context }) => context.n > 1 },
  delays: { soon: 5 },
});

/** The machine anew, since it is the plan of one machine that is looked at. */
function machineOf({ a = {}, states = {}, root = {} }: Case): Machine {
  const rest = { on: { GO: 'b' }, ...a };
  const all = { a: rest, b: {}, ...states };
  const whole = { id: 'm', context: { n: 1, names: ['x'], ref: null }, initial: 'a', states: all, ...root };
  return new Machine(config.createMachine(whole as never) as never);
}

function outcome(machine: Machine, events: string[]): unknown {
  let { snapshot } = machine.start(undefined);
  let last: Transition | undefined;
  try {
    for (const type of events) {
      last = machine.next(snapshot, { type, by: 4 });
      ({ snapshot } = last);
    }
  } catch (error) {
    const { stack: _, ...record } = errorRecord(error as never);
    return record;
  }
  const { value, tags, children, status, _nodes } = snapshot;
  return {
    stored: machine.store(snapshot),
    seen: { value, tags: [...tags], children: Object.keys(children), status, nodes: _nodes.map(({ id }) => id) },
    effects: last?.effects,
    changed: last?.changed,
    // Taken for what it is by everybody who asks it.
    can: snapshot.can({ type: 'GO' }),
    matches: snapshot.matches(value as never),
  };
}

/** What came of it, where the last event took the shortcut, and that it is the same as without. */
function taken(one: Case): { outcome: unknown; short: boolean } {
  const events = one.events ?? ['GO'];
  const take = vi.spyOn(Shortcut.prototype, 'take');
  const found = outcome(machineOf(one), events);
  const last = take.mock.results.at(-1);
  const short = last?.type === 'throw' || last?.value !== undefined;
  take.mockReturnValue(undefined);
  expect(found).toStrictEqual(outcome(machineOf(one), events));
  return { outcome: found, short };
}

const invoke = { src: 'work', id: 'job', input: ({ context, event }: never) => [context, event] };

const SHORT: [string, Case][] = [
  ['from one state to another', {}],
  ['into a state with tags', { states: { b: { tags: ['late', 'dear'] } } }],
  ['back to where it was', { states: { b: { on: { BACK: 'a' } } }, events: ['GO', 'BACK'] }],
  ['from the outer state', { a: { on: {} }, root: { on: { GO: '.b' } } }],
  [
    'from an inner state to another outer one',
    { a: { initial: 'in', states: { in: { on: { GO: '#m.b' } } }, exit: 'note' } },
  ],
  ['from an outer state out of an inner one', { a: { initial: 'in', states: { in: { exit: 'note' } } } }],
  [
    'into an inner state, by its name',
    { a: { on: { GO: '#in' } }, states: { b: { entry: 'note', initial: 'x', states: { x: {}, y: { id: 'in' } } } } },
  ],
  [
    'between inner states',
    {
      a: {
        entry: 'note',
        exit: 'note',
        initial: 'x',
        states: { x: { on: { GO: 'y' } }, y: {} },
      },
    },
  ],
  [
    'out of the final state of an inner machine',
    { a: { initial: 'x', states: { x: { on: { END: 'y' } }, y: { type: 'final' } } }, events: ['END', 'GO'] },
  ],
  ['with one step left and another begun', { a: { invoke }, states: { b: { invoke: { ...invoke, id: 'next' } } } }],
  ['with the same id for both', { a: { invoke }, states: { b: { invoke: { src: 'work', id: 'job', input: 7 } } } }],
  [
    'with a system id',
    { a: { invoke: { ...invoke, systemId: 'key' } }, states: { b: { invoke: { ...invoke, systemId: 'key' } } } },
  ],
  [
    'of a step that has been stopped by hand',
    { a: { invoke, on: { GO: 'b', STOP: { actions: stopChild('job') } } }, events: ['STOP', 'GO'] },
  ],
  [
    'with actions by name',
    {
      a: { exit: 'note', on: { GO: { target: 'b', actions: ['add', 'note'] } } },
      states: { b: { entry: ['add', 'note'] } },
    },
  ],
  [
    'with params',
    {
      a: {
        on: {
          GO: {
            target: 'b',
            actions: [
              { type: 'add', params: { by: 5 } },
              { type: 'note', params: [1] },
            ],
          },
        },
      },
    },
  ],
  [
    'with params that are worked out',
    {
      a: {
        on: {
          GO: {
            target: 'b',
            actions: [
              { type: 'add', params: ({ event }: { event: { by: number } }) => ({ by: event.by }) },
              'add',
              { type: 'note', params: ({ context }: never) => context },
            ],
          },
        },
      },
    },
  ],
  [
    'with assignments of its own',
    {
      a: {
        on: {
          GO: {
            target: 'b',
            actions: [
              assign({ names: ({ context }: never) => [...(context as { names: string[] }).names, 'y'] }),
              assign(() => ({ n: 9 })),
            ],
          },
        },
      },
    },
  ],
  [
    'with something spawned by an assignment',
    {
      a: {
        on: {
          GO: {
            target: 'b',
            actions: assign({
              ref: ({ spawn }: never) =>
                (spawn as (...args: unknown[]) => unknown)('work', { id: 'spawned', input: 2 }),
            }),
          },
        },
      },
    },
  ],
  [
    'with something that is emitted and logged',
    { a: { on: { GO: { target: 'b', actions: [emit({ type: 'told', n: 1 }), log('words')] } } } },
  ],
  ['with timers on both sides', { a: { after: { 100: 'b' } }, states: { b: { after: { 50: 'a', 60: 'a' } } } }],
  [
    'with a timer cancelled',
    { a: { on: { GO: { target: 'b', actions: cancel('t') } }, entry: raise({ type: 'T' }, { delay: 10, id: 't' }) } },
  ],
  ['with a guard', { a: { on: { GO: [{ guard: 'many', target: 'c' }, { target: 'b' }] } }, states: { c: {} } }],
  ['with an assignment that throws', { a: { on: { GO: { target: 'b', actions: 'break' } } } }],
  ['with an action that nobody has', { a: { on: { GO: { target: 'b', actions: 'unknown' } } } }],
  ['with an action that has no name', { a: { on: { GO: { target: 'b', actions: [() => {}] } } } }],
  ['with an action that is inline', { a: { on: { GO: { target: 'b', actions: function inline() {} } } } }],
  ['with a child that is watched', { states: { b: { invoke: { ...invoke, onSnapshot: {} } } } }],
  ['with an input that is no JSON', { states: { b: { invoke: { ...invoke, input: new Map() } } } }],
];

const LONG: [string, Case][] = [
  ['that nothing takes', { events: ['OTHER'] }],
  ['that orders it to stop', { a: { on: { 'xstate.stop': 'b' } }, events: ['xstate.stop'] }],
  ['that orders it to begin', { a: { on: { 'xstate.init': 'b' } }, events: ['xstate.init'] }],
  ['that changes no state', { a: { on: { GO: { actions: 'add' } } } }],
  ['to itself', { a: { on: { GO: 'a' } } }],
  ['to itself, anew', { a: { entry: 'note', on: { GO: { target: 'a', reenter: true } } } }],
  [
    'to its inner state, anew',
    { a: { entry: 'note', initial: 'x', states: { x: {}, y: {} }, on: { GO: { target: '.y', reenter: true } } } },
  ],
  ['to the end', { states: { b: { type: 'final' } } }],
  ['into a state that has states', { states: { b: { initial: 'x', states: { x: { entry: 'note' } } } } }],
  ['into regions', { states: { b: { type: 'parallel', states: { x: {}, y: {} } } } }],
  [
    'into one of several regions',
    {
      a: { on: { GO: '#y' } },
      states: { b: { type: 'parallel', states: { x: {}, y: { initial: 'o', states: { o: {}, p: { id: 'y' } } } } } },
    },
  ],
  ['out of regions', { a: { type: 'parallel', states: { x: {}, y: {} } } }],
  [
    'in a region',
    {
      a: {
        type: 'parallel',
        states: { x: { initial: 'o', states: { o: { on: { GO: 'p' } }, p: {} } }, y: {} },
        on: {},
      },
    },
  ],
  [
    'in two regions',
    {
      a: {
        type: 'parallel',
        states: {
          x: { initial: 'o', states: { o: { on: { GO: 'p' } }, p: {} } },
          y: { initial: 'o', states: { o: { on: { GO: 'p' } }, p: {} } },
        },
        on: {},
      },
    },
  ],
  [
    'to two states',
    {
      a: { type: 'parallel', states: { x: {}, y: {} }, on: { GO: ['#p', '#q'] } },
      states: {
        b: {
          type: 'parallel',
          states: {
            x: { initial: 'o', states: { o: {}, p: { id: 'p' } } },
            y: { initial: 'o', states: { o: {}, q: { id: 'q' } } },
          },
        },
      },
    },
  ],
  ['out of a state with a memory', { a: { initial: 'x', states: { x: {}, y: {}, h: { type: 'history' } } } }],
  [
    'to a memory',
    { a: { on: { GO: 'b.h' } }, states: { b: { initial: 'x', states: { x: {}, h: { type: 'history' } } } } },
  ],
  ['into a state that goes on by itself', { states: { b: { always: { guard: 'many', target: 'a' } } } }],
  [
    'with an event raised',
    {
      a: { on: { GO: { target: 'b', actions: raise({ type: 'NEXT' }) } } },
      states: { b: { on: { NEXT: 'c' } }, c: {} },
    },
  ],
  ['with a delay by name', { states: { b: { after: { soon: 'a' } } } }],
  [
    'with actions in a queue',
    { a: { on: { GO: { target: 'b', actions: enqueueActions(({ enqueue }) => enqueue('add' as never)) } } } },
  ],
  ['with a word to the parent', { a: { on: { GO: { target: 'b', actions: sendParent({ type: 'HELLO' }) } } } }],
  ['with a child of its own', { a: { on: { GO: { target: 'b', actions: spawnChild('work', { id: 'own' }) } } } }],
  ['with a step that is inline', { states: { b: { invoke: { src: fromPromise(async () => 1), id: 'inline' } } } }],
  ['with a step that nobody has', { states: { b: { invoke: { src: 'unknown', id: 'none' } } } }],
];

describe('a macrostep', () => {
  test.each(SHORT)('%s is planned once, and is what XState makes of it', (_, one) => {
    const { short, outcome: found } = taken(one);
    expect({ short, found }).toMatchObject({ short: true });
  });

  test.each(LONG)('%s is left to XState', (_, one) => {
    expect(taken(one).short).toBe(false);
  });
});

test('what one call was given is not in the next: plans are shared, snapshots are not', () => {
  const machine = machineOf({
    a: { on: { GO: { target: 'b', actions: 'add' } } },
    states: { b: { tags: 'there', invoke } },
  });
  const first = machine.start(undefined).snapshot;
  const one = machine.next(first, { type: 'GO', by: 1 });
  const two = machine.next(first, { type: 'GO', by: 2 });
  expect(one.effects).not.toEqual(two.effects);
  expect(machine.store(one.snapshot)).toEqual(machine.store(two.snapshot));
  expect(one.snapshot.children['job']).not.toBe(two.snapshot.children['job']);
  expect(machine.tags(two.snapshot)).toEqual(['there']);
});

test('guards are asked once, whether there is a shortcut or not', () => {
  let asked = 0;
  const guard = (): boolean => ++asked > 0;
  for (const states of [{}, { b: { type: 'final' } }]) {
    asked = 0;
    const machine = machineOf({ a: { on: { GO: { guard, target: 'b' } } }, states });
    machine.next(machine.start(undefined).snapshot, { type: 'GO' });
    expect(asked).toBe(1);
  }
});
