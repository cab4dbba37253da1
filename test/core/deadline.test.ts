import { createMachine, fromPromise, raise } from 'xstate';
import { expect, test } from 'vitest';
import { Machine } from '../../src/core/machine.ts';

/** What each timer does to the wait for these events, where the machine stands after its start and these events. */
function ends(config: object, events: string[], first: { type: string }[] = []): Record<string, boolean> {
  const machine = new Machine(createMachine({ id: 'm', ...config } as never, { actors: { mail } } as never));
  let { snapshot } = machine.start(undefined);
  for (const event of first) ({ snapshot } = machine.next(snapshot, event));
  const timers = (snapshot._nodes as { ownEvents: string[] }[])
    .flatMap(({ ownEvents }) => ownEvents)
    .filter((type) => type.startsWith('xstate.after.'));
  return Object.fromEntries(timers.map((timer) => [timer.split('.')[2], machine.endsWait(snapshot, timer, events)]));
}

const mail = fromPromise(async () => null);
const final = { type: 'final' };

test.each([
  [
    'one that ends the machine',
    { initial: 'A', states: { A: { on: { GO: 'B' }, after: { 1: 'B' } }, B: final } },
    { 1: true },
  ],
  [
    'a reminder in a state whose outer state takes the event, and the outer one',
    {
      initial: 'W',
      states: {
        W: {
          initial: 'ASKED',
          on: { GO: 'B' },
          after: { 7: 'B' },
          states: { ASKED: { after: { 1: 'REMINDED' } }, REMINDED: {} },
        },
        B: final,
      },
    },
    { 1: false, 7: true },
  ],
  [
    'a state that takes it as well',
    { initial: 'A', states: { A: { on: { GO: 'C' }, after: { 1: 'B' } }, B: { on: { 'GO.*': 'C' } }, C: final } },
    { 1: false },
  ],
  [
    'a state that it comes back from by itself, after a step or at once',
    {
      initial: 'A',
      states: {
        A: { on: { GO: 'C' }, after: { 1: 'MAIL', 2: 'ONCE', 3: 'C' } },
        MAIL: { invoke: { id: 'mail', src: 'mail', onDone: 'A', onError: 'A' } },
        ONCE: { always: 'A' },
        C: final,
      },
    },
    { 1: false, 2: false, 3: true },
  ],
  [
    'one that moves nothing',
    { initial: 'A', states: { A: { on: { GO: 'A' }, after: { 1: { actions: raise({ type: 'NOTE' }) } } } } },
    { 1: false },
  ],
  [
    'a guard is not asked',
    { initial: 'A', states: { A: { on: { GO: 'B' }, after: { 1: { guard: () => false, target: 'B' } } }, B: final } },
    { 1: true },
  ],
  [
    'another region takes it still',
    {
      type: 'parallel',
      states: {
        one: { initial: 'A', states: { A: { after: { 1: 'B' }, on: { GO: 'B' } }, B: {} } },
        other: { initial: 'A', states: { A: { on: { GO: 'B' } }, B: {} } },
      },
    },
    { 1: false },
  ],
  [
    'a state with regions, a history',
    {
      initial: 'W',
      states: {
        W: {
          initial: 'A',
          states: { A: { on: { GO: 'B' }, after: { 1: '#m.P', 2: '#m.H' } }, B: {}, memory: { type: 'history' } },
        },
        H: { always: 'W.memory' },
        P: { type: 'parallel', states: { a: { initial: 'X', states: { X: { on: { GO: '#m.W' } } } }, b: {} } },
      },
    },
    { 1: false, 2: false },
  ],
  [
    'a state that enters itself again',
    {
      initial: 'A',
      states: {
        A: {
          initial: 'X',
          on: { STOP: '#m.B' },
          after: { 1: { target: 'A', reenter: true }, 2: '.Y' },
          states: { X: { on: { GO: 'Y' } }, Y: {} },
        },
        B: final,
      },
    },
    { 1: false, 2: false },
  ],
])('%s', (_, config, expected) => {
  expect(ends(config, ['GO'])).toEqual(expected);
});

test('what comes first in the machine is not come to again', () => {
  const config = {
    initial: 'A',
    states: { A: { on: { GO: 'B' } }, B: { on: { GO: 'C' }, after: { 1: 'C' } }, C: final },
  };
  expect(ends(config, ['GO'], [{ type: 'GO' }])).toEqual({ 1: true });
});
