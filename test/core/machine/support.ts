import { assign, createMachine, fromPromise, type AnyActorRef, type AnyStateMachine } from 'xstate';
import { describe } from 'vitest';
import { Walk, WAYS } from '../walk.ts';

export const step = fromPromise(async () => 1);
const child = createMachine({ id: 'child' });

export interface Context {
  n: number;
  ref?: AnyActorRef | null;
  [key: string]: unknown;
}

/** What every machine here may use; configurations are free of types, to say what types would not let pass. */
export const implementations = {
  actors: { step, child },
  actions: { note: () => {}, count: assign(({ context }: { context: Context }) => ({ n: context.n + 1 })) },
  guards: { even: ({ context }: { context: Context }) => context.n % 2 === 0, no: () => false },
  delays: { fixed: 50, byContext: ({ context }: { context: Context }) => context.n * 100 },
};

export function machine(config: object): AnyStateMachine {
  return createMachine({ id: 'm', context: { n: 0 }, ...config } as never, implementations as never);
}

/** Tests that hold whichever way a snapshot takes from one event to the next: each is run in all of them. */
export function inEachWay(tests: (walk: (config: object, input?: unknown) => Walk) => void): void {
  describe.each(WAYS)('a machine whose snapshot is %s', (way) => {
    tests((config, input) => new Walk(machine(config), way, input));
  });
}
