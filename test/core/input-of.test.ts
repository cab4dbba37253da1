import { fromPromise, setup } from 'xstate';
import { describe, expect, test } from 'vitest';
import { Machine } from '../../src/core/machine.ts';

const actor = fromPromise<unknown, unknown>(async () => null);
const machine = new Machine(
  setup({ types: { context: {} as { n: number; at?: Date } }, actors: { actor } }).createMachine({
    context: { n: 2 },
    type: 'parallel',
    invoke: { id: 'none', src: 'actor' },
    states: {
      A: { invoke: { id: 'fixed', src: 'actor', input: { n: 1 } } },
      B: {
        invoke: { id: 'context', src: 'actor', input: ({ context }: { context: { n: number } }) => ({ n: context.n }) },
      },
      C: {
        invoke: {
          id: 'event',
          src: 'actor',
          input: ({ event }: { event: object }) => (event as { output?: { n: number } }).output?.n ?? 'nothing',
        },
      },
    },
  }),
);
const { snapshot } = machine.start(undefined);

describe('the input of a live invocation, made anew', () => {
  test.each([
    ['none', { value: undefined }],
    ['fixed', { value: { n: 1 } }],
    ['context', { value: { n: 2 } }],
    ['event', { value: 'nothing' }],
  ])('%s', (id, expected) => {
    expect(machine.inputOf(snapshot, id)).toEqual(expected);
  });

  test('of what no state invokes there is none', () => {
    expect(machine.inputOf(snapshot, 'stranger')).toBeUndefined();
  });

  test('there is none where the event is needed, nor where it cannot be stored', () => {
    const needs = new Machine(
      setup({ actors: { actor } }).createMachine({
        type: 'parallel',
        states: {
          A: {
            invoke: {
              id: 'event',
              src: 'actor',
              // At the start it is there.
              input: ({ event }: { event: { type: string } }) =>
                event.type === 'xstate.init' && asked ? fail() : null,
            },
          },
          B: { invoke: { id: 'date', src: 'actor', input: () => (asked ? new Date(0) : null) } },
        },
      }),
    );
    let asked = false;
    const before = needs.start(undefined).snapshot;
    asked = true;
    expect(needs.inputOf(before, 'event')).toBeUndefined();
    expect(needs.inputOf(before, 'date')).toBeUndefined();
  });
});

function fail(): never {
  throw new Error('There is no such event.');
}
