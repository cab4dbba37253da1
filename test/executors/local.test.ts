import { expect, test } from 'vitest';
import { z } from 'zod';
import type { ArtifactStore } from '../../src/core/artifact.ts';
import { stepOf, type StepDefinition, type Transaction } from '../../src/core/step.ts';
import type { AttemptListener, Invocation } from '../../src/engine/ports.ts';
import { localExecutor } from '../../src/executors/local.ts';
import { defineStep, type Step } from '../../src/index.ts';
import { ManualClock, SECOND } from '../support/manual-clock.ts';

const clock = new ManualClock();
const executor = localExecutor({
  clock,
  artifacts: undefined as unknown as ArtifactStore,
  publisher: undefined as never,
  post: undefined as never,
});
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Runs a step as attempt 1, and notes what it tells. */
function run<I, O>(step: Step<I, O>, over: Partial<Invocation> = {}) {
  const told: unknown[] = [];
  const listener: AttemptListener = {
    log: quiet,
    progress: (fraction, message) => told.push([fraction, message]),
    heartbeat: () => told.push('heartbeat'),
  };
  const definition = stepOf(step) as StepDefinition;
  const invocation: Invocation = {
    instance: { id: 'i', workflow: 'w', tenant: null },
    key: 'i:1:a',
    step: 'work',
    definition,
    input: 1,
    attempt: 1,
    ...over,
  };
  return { ...executor.run(invocation, listener), told };
}

/** Something that a test opens. */
function door<T = void>() {
  return Promise.withResolvers<T>();
}

test('gives what the step returns, or what it throws, at once or later', async () => {
  expect(await run(defineStep({ run: () => 'now' })).outcome).toEqual({ type: 'done', output: 'now' });
  expect(await run(defineStep({ run: async () => 'later' })).outcome).toEqual({ type: 'done', output: 'later' });
  const error = new Error('thrown');
  const throws = defineStep({
    run: () => {
      throw error;
    },
  });
  expect(await run(throws).outcome).toEqual({ type: 'failed', error });
  expect(await run(defineStep({ run: () => Promise.reject(undefined as never) })).outcome).toEqual({
    type: 'failed',
    error: undefined,
  });
});

test('does not call a step whose input does not fit', async () => {
  let called = false;
  const step = defineStep({ input: z.string(), run: () => (called = true) });
  expect(await run(step).outcome).toMatchObject({ type: 'failed', error: { issues: [{ code: 'invalid_type' }] } });
  expect(called).toBe(false);
});

test('an abort ends it at once, and what comes later is dropped', async () => {
  const open = door<string>();
  let tell: ((fraction: number) => void) | undefined;
  const step = defineStep<unknown, string>({
    run: ({ progress }) => {
      tell = progress;
      return open.promise;
    },
  });
  const attempt = run(step);
  tell?.(0.5);
  const reason = new Error('enough');
  attempt.abort(reason);
  expect(await attempt.outcome).toEqual({ type: 'failed', error: reason });
  open.resolve('late');
  tell?.(0.75);
  expect(await attempt.outcome).toEqual({ type: 'failed', error: reason });
  expect(attempt.told).toEqual([[0.5, undefined]]);
});

test('a sign of life puts the end by silence off, not the end by timeout', async () => {
  let live: (() => void) | undefined;
  const step = defineStep<unknown, null>({
    timeout: 25 * SECOND,
    heartbeat: 10 * SECOND,
    run: ({ heartbeat }) => {
      live = heartbeat;
      return new Promise(() => {});
    },
  });
  const silent = run(step);
  clock.advance(9 * SECOND);
  live?.();
  clock.advance(9 * SECOND);
  clock.advance(2 * SECOND);
  expect(await silent.outcome).toMatchObject({
    error: { code: 'TIMEOUT', message: expect.stringContaining('silent') },
  });
  const long = run(step);
  for (let i = 0; i < 3; i++) {
    clock.advance(9 * SECOND);
    live?.();
  }
  expect(await long.outcome).toMatchObject({
    error: { code: 'TIMEOUT', message: expect.stringContaining('longer than 25000 ms') },
  });
});

test('of a transaction that is about to be committed the outcome counts, not the abort', async () => {
  const open = door();
  const transaction = async (handler: (tx: Transaction) => Promise<unknown>): Promise<unknown> => {
    const output = await handler({} as Transaction);
    await open.promise;
    return output;
  };
  const step = defineStep<unknown, string>({ transactional: true, run: () => 'written' });
  const attempt = run(step, { transaction });
  await Promise.resolve();
  await new Promise(setImmediate);
  attempt.abort(new Error('too late for that'));
  open.resolve();
  expect(await attempt.outcome).toEqual({ type: 'done', output: 'written' });
});

test('a transaction whose attempt is over is not committed, nor begun', async () => {
  const open = door<string>();
  const results: PromiseSettledResult<unknown>[] = [];
  const transaction = async (handler: (tx: Transaction) => Promise<unknown>): Promise<unknown> => {
    results.push(...(await Promise.allSettled([handler(undefined as unknown as Transaction)])));
    return null;
  };
  let calls = 0;
  const step = defineStep<unknown, string>({
    transactional: true,
    run: () => {
      calls++;
      return open.promise;
    },
  });
  const attempt = run(step, { transaction });
  attempt.abort(new Error('over'));
  open.resolve('late');
  await new Promise(setImmediate);
  expect(results).toMatchObject([{ status: 'rejected', reason: { code: 'FENCED' } }]);
  // It waited for a connection until it was over.
  const connection = door();
  const waiting = run(step, {
    transaction: async (handler) => {
      await connection.promise;
      return transaction(handler);
    },
  });
  waiting.abort(new Error('over'));
  connection.resolve();
  await new Promise(setImmediate);
  expect(calls).toBe(1);
  expect(results).toHaveLength(2);
});
