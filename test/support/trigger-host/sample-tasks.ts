import { once } from 'node:events';
import { AbortTaskRunError, logger, metadata, queue, schedules, task } from '@trigger.dev/sdk';
import { seen } from './sample-log.ts';

const one = queue({ name: 'one-at-a-time', concurrencyLimit: 1 });

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

class Custom extends Error {
  readonly code = 'CUSTOM';
}
class Renamed extends AbortTaskRunError {
  constructor(message: string) {
    super(message);
    this.name = 'Renamed';
  }
}

export const echo = task({ id: 'sample.echo', run: async (payload: { say: string }) => ({ said: payload.say }) });

export const flaky = task({
  id: 'sample.flaky',
  retry: { maxAttempts: 3, minTimeoutInMs: 20, maxTimeoutInMs: 40, factor: 2, randomize: false },
  run: async (payload: { failures: number; how?: string }, { ctx }) => {
    seen.push({ run: ctx.run.id, what: 'run', attempt: ctx.attempt.number });
    if (ctx.attempt.number > payload.failures) return ctx.attempt.number;
    if (payload.how === 'abort') throw new AbortTaskRunError('no more');
    if (payload.how === 'renamed') throw new Renamed('once more');
    throw new Custom('not yet');
  },
});

export const deciding = task({
  id: 'sample.deciding',
  retry: { maxAttempts: 3, minTimeoutInMs: 5_000, maxTimeoutInMs: 5_000 },
  run: async (_payload: { decision: string }) => {
    throw new Custom('decide');
  },
  catchError: async ({ error, payload, ctx, signal }) => {
    seen.push({ run: ctx.run.id, what: 'catchError', attempt: ctx.attempt.number, error, aborted: signal.aborted });
    if (payload.decision === 'skip') return { skipRetrying: true };
    return { retryAt: new Date(Date.now() + 30) };
  },
});

export const endless = task({
  id: 'sample.endless',
  queue: one,
  retry: { maxAttempts: 2, minTimeoutInMs: 10 },
  run: async (_payload: object, { ctx, signal }) => {
    seen.push({ run: ctx.run.id, what: 'run', attempt: ctx.attempt.number });
    await aborted(signal);
    throw new Error('aborted');
  },
  catchError: async ({ ctx, signal }) => {
    seen.push({ run: ctx.run.id, what: 'catchError', attempt: ctx.attempt.number, aborted: signal.aborted });
    return undefined;
  },
});

export const sturdy = task({
  id: 'sample.sturdy',
  retry: { maxAttempts: 3, outOfMemory: { machine: 'medium-1x' } },
  run: async (_payload: object, { ctx, signal }) => {
    seen.push({ run: ctx.run.id, what: 'run', attempt: ctx.attempt.number });
    if (ctx.attempt.number > 1) return ctx.machine?.name;
    await aborted(signal);
    return 'aborted';
  },
});

export const parent = task({
  id: 'sample.parent',
  run: async (payload: { child: string; together?: boolean }, { ctx }) => {
    metadata.set('place', 'before');
    logger.info('waits');
    const first = echo.triggerAndWait({ say: payload.child });
    if (payload.together === true) await Promise.all([first, echo.triggerAndWait({ say: 'too' })]);
    const result = await first;
    seen.push({ run: ctx.run.id, what: 'woke', attempt: ctx.attempt.number });
    return result.ok ? result.output.said : 'failed';
  },
});

export const waiting = task({
  id: 'sample.waiting',
  queue: one,
  run: async () => {
    const result = await flaky.triggerAndWait({ failures: 9 });
    return result.ok
      ? {}
      : {
          name: (result.error as Error).name,
          message: (result.error as Error).message,
          code: (result.error as { code?: string }).code,
        };
  },
});

export const watching = task({
  id: 'sample.watching',
  run: async () => {
    const result = await endless.triggerAndWait({});
    return result.ok ? {} : { error: result.error };
  },
});

export const nightly = schedules.task({ id: 'sample.nightly', cron: '0 0 * * *', run: async () => 'swept' });
