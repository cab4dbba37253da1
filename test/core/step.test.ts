import {
  createActor,
  fromCallback,
  fromEventObservable,
  fromObservable,
  fromPromise,
  fromTransition,
  setup,
  toPromise,
  type AnyActorLogic,
} from 'xstate';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { ArtifactStore } from '../../src/core/artifact.ts';
import { DefinitionError } from '../../src/core/error.ts';
import { DEFAULT_RETRY } from '../../src/core/retry.ts';
import { defineStep, stepOf, type RunContext, type StepDefinition } from '../../src/core/step.ts';
import { defineWorkflow } from '../../src/core/workflow.ts';

const emitted: unknown[] = [];
const context = (input: unknown): RunContext => ({
  outlet: { instance: 'i', invocation: 'a', what: 'Step a', send: () => {}, emit: (event) => void emitted.push(event) },
  input,
  key: 'k',
  attempt: 1,
  signal: new AbortController().signal,
  log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  progress: () => {},
  heartbeat: () => {},
  artifacts: {} as ArtifactStore,
  publish: async () => ({ id: 1, duplicate: false }),
  instance: { id: 'i', workflow: 'w', tenant: null },
  tx: Object.assign(async () => [], { unsafe: async () => [] }) as never,
});

test('a step has what it was defined with', async () => {
  const input = z.object({ n: z.number() });
  const step = stepOf(
    defineStep({
      input,
      output: z.number(),
      retry: { maxAttempts: 5 },
      timeout: 10,
      heartbeat: 5,
      queue: 'q',
      concurrency: 2,
      run: ({ input }) => input.n + 1,
    }),
  ) as StepDefinition;
  expect(step).toMatchObject({
    input,
    retry: { ...DEFAULT_RETRY, maxAttempts: 5 },
    ownRetry: { maxAttempts: 5 },
    timeout: 10,
    heartbeat: 5,
    queue: 'q',
    concurrency: 2,
    transactional: false,
  });
  expect(await step.run(context({ n: 1 }))).toBe(2);
});

test('a step may be transactional', () => {
  const step = stepOf(
    defineStep({ transactional: true, run: async ({ tx }) => (await tx`select 1`).length }),
  ) as StepDefinition;
  expect(step).toMatchObject({ transactional: true, ownRetry: {}, retry: DEFAULT_RETRY });
});

test('a wrong retry is refused where the step is defined', () => {
  expect(() => defineStep({ retry: { maxAttempts: 0 }, run: () => 1 })).toThrow(DefinitionError);
});

test('a step that XState itself is made to run says what to do', async () => {
  const actor = createActor(defineStep({ run: () => 1 }));
  const result = toPromise(actor);
  actor.start();
  await expect(result).rejects.toThrow('provide({ actors })');
});

test('a plain fromPromise is a step, with its input and its signal', async () => {
  const creator = vi.fn<(args: never) => Promise<number>>(
    async ({ input, signal, emit }: { input: number; signal: AbortSignal; emit: (event: { type: 'e' }) => void }) => {
      emit({ type: 'e' });
      return signal.aborted ? 0 : input + 1;
    },
  );
  const step = stepOf(fromPromise(creator as never)) as StepDefinition;
  expect(creator).not.toHaveBeenCalled();
  expect(step).toMatchObject({ retry: DEFAULT_RETRY, ownRetry: {}, transactional: false });
  expect(await step.run(context(1))).toBe(2);
});

const user = vi.fn<() => never>(() => {
  throw new Error("the user's code was called");
});

test.each<[string, AnyActorLogic, string]>([
  ['fromCallback', fromCallback(user), 'a callback actor'],
  ['fromObservable', fromObservable(user), 'an observable actor'],
  ['fromEventObservable', fromEventObservable(user), 'an observable actor'],
  ['fromTransition', fromTransition(user, user), 'a transition actor'],
  [
    'own logic',
    { start: user, transition: user, getInitialSnapshot: user, getPersistedSnapshot: user } as never,
    'a custom actor',
  ],
  [
    "own logic in the shape of XState's",
    {
      config: user,
      start: user,
      transition: (state: unknown) => state,
      getInitialSnapshot: () => ({}),
      getPersistedSnapshot: user,
    } as never,
    'a custom actor',
  ],
])("%s is refused without a call of the user's code", (_, logic, kind) => {
  const machine = setup({ actors: { watch: logic } }).createMachine({ id: 'm' });
  expect(() => defineWorkflow({ machine })).toThrow(
    `Workflow m: the actor watch is ${kind}; it lives in memory and cannot be stored. Make it`,
  );
  expect(user).not.toHaveBeenCalled();
});
