import { expect, test } from 'vitest';
import { assign, raise, setup, type AnyStateMachine } from 'xstate';
import { circleIn, LoopError } from '../../src/core/loop.ts';
import { Machine } from '../../src/core/machine.ts';
import { thrownBy } from './thrown-by.ts';

const go = { type: 'GO' };

/** Waits for GO, and then never again. */
function machineOf(states: Record<string, object>, first = 'WAITING'): Machine {
  const machine = setup({}).createMachine({
    id: 'round',
    initial: first,
    states: { WAITING: { on: { GO: 'A' } }, ...states },
  } as never) as unknown as AnyStateMachine;
  return new Machine(machine);
}

function refusal(machine: Machine): LoopError {
  const { snapshot } = machine.start(undefined);
  const error = thrownBy(() => machine.next(snapshot, go));
  expect(error).toBeInstanceOf(LoopError);
  return error as LoopError;
}

test('always transitions in a circle are an error that names it', () => {
  const error = refusal(machineOf({ A: { always: 'B' }, B: { always: 'C' }, C: { always: 'B' } }));
  expect(error).toMatchObject({ code: 'ENDLESS_LOOP' });
  expect(error.message).toMatch(/10,000 microsteps in a row on event GO, .*: (B → C → B|C → B → C)\. Give/);
  expect((error.details['states'] as string[]).toSorted()).toEqual(['B', 'C']);
});

test('events that a machine raises to itself without end, too', () => {
  const error = refusal(
    machineOf({
      A: { entry: raise({ type: 'ON' }), on: { ON: 'B' } },
      B: { entry: raise({ type: 'ON' }), on: { ON: 'A' } },
    }),
  );
  expect(error.message).toMatch(/: (A → B → A|B → A → B)\./);
});

test('a state that raises the event it stays for goes round by itself', () => {
  const again = { actions: raise({ type: 'AGAIN' }) };
  const error = refusal(machineOf({ A: { entry: raise({ type: 'AGAIN' }), on: { AGAIN: again } } }));
  expect(error.message).toContain(': A → A.');
});

test('at the start as well', () => {
  const machine = machineOf({ A: { always: 'B' }, B: { always: 'A' } }, 'A');
  expect(thrownBy(() => machine.start(undefined))).toMatchObject({
    code: 'ENDLESS_LOOP',
    message: expect.stringContaining('on the start,') as string,
  });
});

test('what ends is no loop, however long it goes on', () => {
  const machine = setup({ types: { context: {} as { n: number }, events: {} as { type: 'GO' } } }).createMachine({
    id: 'long',
    context: { n: 0 },
    initial: 'WAITING',
    states: {
      WAITING: { on: { GO: 'A' } },
      A: {
        always: [
          { guard: ({ context }) => context.n === 9_000, target: 'B' },
          { target: 'A', reenter: true, actions: assign({ n: ({ context }) => context.n + 1 }) },
        ],
      },
      B: {},
    },
  });
  const core = new Machine(machine as unknown as AnyStateMachine);
  expect(core.next(core.start(undefined).snapshot, go).snapshot.value).toBe('B');
});

test.each([
  [
    ['A', 'B', 'C', 'B', 'C'],
    ['B', 'C'],
  ],
  [['A', 'A', 'A'], ['A']],
  [
    ['A', 'B', 'A', 'C', 'A', 'B', 'A', 'C'],
    ['A', 'B', 'A', 'C'],
  ],
  [
    ['A', 'B', 'C'],
    ['A', 'B', 'C'],
  ],
  [[], []],
])('the circle in %j is %j', (names, circle) => {
  expect(circleIn(names)).toEqual(circle);
});

test('of a long circle the first states are named', () => {
  const names = Array.from({ length: 14 }, (_, i) => `S${i}`);
  const states = Object.fromEntries(names.map((name, i) => [name, { always: `S${(i + 1) % names.length}` }]));
  const error = refusal(machineOf({ A: { always: 'S0' }, ...states }));
  expect(error.message).toMatch(/: (?:S\d+ → ){12}… → S\d+\./);
});
