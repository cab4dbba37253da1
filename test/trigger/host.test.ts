import { idempotencyKeys, metadata, runs, tasks, TriggerClient } from '@trigger.dev/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TriggerHost } from '../support/trigger-host/host.ts';
import { seen } from '../support/trigger-host/sample-log.ts';

/** The double behaves as the platform was measured to; each test names one such fact. */
let host: TriggerHost;
beforeAll(async () => {
  host = await TriggerHost.start([() => import('../support/trigger-host/sample-tasks.ts')]);
});
afterAll(() => host.stop());
beforeEach(() => {
  seen.length = 0;
});

const start = async (id: string, payload: object, options: object = {}) =>
  (await tasks.trigger(id, payload, options)).id;
const run = (id: string) => host.until((other) => other.id === id);
const over = async (id: string) => {
  const found = await run(id);
  await found.ended;
  return runs.retrieve(id) as Promise<{
    status: string;
    output?: unknown;
    attemptCount: number;
    error?: { message: string; name?: string };
    tags: string[];
  }>;
};
const executing = (id: string) => host.until((other) => other.id === id && other.status === 'EXECUTING');

describe('attempts', () => {
  test('a task runs, and its output is read back', async () => {
    expect(await over(await start('sample.echo', { say: 'hello' }))).toMatchObject({
      status: 'COMPLETED',
      output: { said: 'hello' },
      attemptCount: 1,
    });
  });

  test('a failing attempt is retried after a backoff, in the same run', async () => {
    const id = await start('sample.flaky', { failures: 2 });
    const began = performance.now();
    expect(await over(id)).toMatchObject({ status: 'COMPLETED', output: 3, attemptCount: 3 });
    expect(performance.now() - began).toBeGreaterThanOrEqual(50);
    expect(seen.map(({ run: of, attempt }) => [of, attempt])).toEqual([
      [id, 1],
      [id, 2],
      [id, 3],
    ]);
  });

  test('after the last attempt the run is FAILED', async () => {
    expect(await over(await start('sample.flaky', { failures: 9 }))).toMatchObject({
      status: 'FAILED',
      attemptCount: 3,
      error: { message: 'not yet' },
    });
  });

  test('AbortTaskRunError makes one attempt; a subclass with another name is retried', async () => {
    expect(await over(await start('sample.flaky', { failures: 9, how: 'abort' }))).toMatchObject({
      status: 'FAILED',
      attemptCount: 1,
    });
    expect(await over(await start('sample.flaky', { failures: 9, how: 'renamed' }))).toMatchObject({
      status: 'FAILED',
      attemptCount: 3,
    });
  });
});

describe('catchError', () => {
  test('gets the error whole, and skipRetrying ends the run', async () => {
    const id = await start('sample.deciding', { decision: 'skip' });
    expect(await over(id)).toMatchObject({ status: 'FAILED', attemptCount: 1 });
    expect(seen[0]?.error).toMatchObject({ code: 'CUSTOM' });
  });

  test('retryAt takes the place of the backoff', async () => {
    const began = performance.now();
    expect(await over(await start('sample.deciding', { decision: 'later' }))).toMatchObject({
      status: 'FAILED',
      attemptCount: 3,
    });
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  test('runs after a cancel too, with the signal aborted', async () => {
    const id = await start('sample.endless', {});
    await executing(id);
    await runs.cancel(id);
    expect(await over(id)).toMatchObject({ status: 'CANCELED' });
    await expect.poll(() => seen.at(-1)).toMatchObject({ what: 'catchError', aborted: true });
  });
});

describe('triggerAndWait', () => {
  test('returns the output of the child', async () => {
    const id = await start('sample.parent', { child: 'hi' });
    expect(await over(id)).toMatchObject({ status: 'COMPLETED', output: 'hi' });
    expect((await run(id)).metadata).toEqual({ place: 'before' });
  });

  test('cannot run beside another wait of the same run', async () => {
    const result = await over(await start('sample.parent', { child: 'hi', together: true }));
    expect(result).toMatchObject({
      status: 'FAILED',
      error: { message: expect.stringContaining('TASK_DID_CONCURRENT_WAIT') as string },
    });
  });

  test('gives its place in the queue back while it waits, and loses the custom fields of an error', async () => {
    const ids = await Promise.all([start('sample.waiting', {}), start('sample.waiting', {})]);
    for (const id of ids) expect(await over(id)).toMatchObject({ output: { name: 'Error', message: 'not yet' } });
    expect(((await over(ids[0])).output as { code?: string }).code).toBeUndefined();
    expect(host.queues.peaks.get('one-at-a-time')).toBe(1);
  });

  test('a cancelled child gives a plain string for an error', async () => {
    const id = await start('sample.watching', {});
    const child = await host.until((other) => other.parentId === id && other.status === 'EXECUTING');
    await runs.cancel(child.id);
    expect(await over(id)).toMatchObject({ output: { error: 'Canceled by user' } });
  });
});

describe('idempotency keys', () => {
  const trigger = async (key: string, options: object = {}) =>
    tasks.trigger(
      'sample.echo',
      { say: key },
      { idempotencyKey: await idempotencyKeys.create(key, { scope: 'global' }), ...options },
    );

  test('five triggers at a time with one key give one run', async () => {
    const handles = await Promise.all(Array.from({ length: 5 }, () => trigger('five')));
    expect(new Set(handles.map(({ id }) => id)).size).toBe(1);
  });

  test.each(['FAILED', 'CRASHED', 'EXPIRED', 'TIMED_OUT'])('a key is free again after %s', async (status) => {
    const task = status === 'FAILED' ? 'sample.flaky' : 'sample.endless';
    const again = async () =>
      tasks.trigger(
        task,
        { failures: 9 },
        { idempotencyKey: await idempotencyKeys.create(`free ${status}`, { scope: 'global' }) },
      );
    if (status === 'EXPIRED') host.hold(task);
    const { id } = await again();
    if (status === 'EXPIRED') host.expire(id);
    else if (status !== 'FAILED') {
      await executing(id);
      host.kill(id, status === 'CRASHED' ? 'killed' : 'timed out');
    }
    expect((await over(id)).status).toBe(status);
    host.letGo(task);
    const next = (await again()).id;
    expect(next).not.toBe(id);
    await runs.cancel(next);
  });

  test('a key is not free after CANCELED: the cancelled run comes back', async () => {
    const first = await trigger('cancelled', { delay: new Date(Date.now() + 60_000) });
    await runs.cancel(first.id);
    expect(await trigger('cancelled')).toMatchObject({ id: first.id, isCached: true });
  });
});

describe('cancel', () => {
  test('aborts the signal, and is not retried', async () => {
    const id = await start('sample.endless', {});
    await executing(id);
    await runs.cancel(id);
    expect(await over(id)).toMatchObject({ status: 'CANCELED', attemptCount: 1 });
  });

  test('takes along what was triggered from inside the run', async () => {
    const id = await start('sample.watching', {});
    const child = await host.until((other) => other.parentId === id && other.status === 'EXECUTING');
    await runs.cancel(id);
    expect(await over(child.id)).toMatchObject({ status: 'CANCELED' });
  });

  test('a TriggerClient of its own has no parent, inside a run or not', async () => {
    const { id } = await new TriggerClient({ accessToken: 'tr_dev_double' }).tasks.trigger('sample.echo', {
      say: 'alone',
    });
    expect((await run(id)).parentId).toBeUndefined();
  });

  test('ends a delayed run before its time', async () => {
    const id = await start('sample.echo', { say: 'late' }, { delay: new Date(Date.now() + 60_000) });
    expect((await run(id)).status).toBe('DELAYED');
    await runs.cancel(id);
    expect(await over(id)).toMatchObject({ status: 'CANCELED', attemptCount: 0 });
  });
});

describe('death', () => {
  test('a killed process is CRASHED without a retry', async () => {
    const id = await start('sample.endless', {});
    await executing(id);
    host.kill(id);
    expect(await over(id)).toMatchObject({ status: 'CRASHED', attemptCount: 1 });
  });

  test('with retry.outOfMemory a killed process begins again, in the same run, once', async () => {
    const id = await start('sample.sturdy', {});
    await executing(id);
    host.kill(id);
    expect(await over(id)).toMatchObject({ status: 'COMPLETED', attemptCount: 2, output: 'medium-1x' });
  });

  test('another exit is retried like an error', async () => {
    const id = await start('sample.endless', {});
    await executing(id);
    host.kill(id, 'exited');
    await host.until((other) => other.id === id && other.attempt === 2);
    await runs.cancel(id);
  });
});

describe('queues, delays, tags, metadata', () => {
  test('a queue with a limit runs so many at a time', async () => {
    const ids = await Promise.all(Array.from({ length: 3 }, () => start('sample.endless', {})));
    await executing(ids[0] as string);
    expect(
      host
        .all()
        .filter(({ id }) => ids.includes(id))
        .map(({ status }) => status),
    ).toEqual(['EXECUTING', 'QUEUED', 'QUEUED']);
    for (const id of ids) await runs.cancel(id);
  });

  test('a limit holds for each concurrency key, not for all of them', async () => {
    const ids = await Promise.all(
      ['a', 'b', 'a'].map((concurrencyKey) => start('sample.endless', {}, { concurrencyKey })),
    );
    await Promise.all(ids.slice(0, 2).map(executing));
    expect((await run(ids[2] as string)).status).toBe('QUEUED');
    for (const id of ids) await runs.cancel(id);
  });

  test('a priority is so many seconds ahead in the queue', async () => {
    const first = await start('sample.endless', {});
    await executing(first);
    const [low, high] = [await start('sample.endless', {}), await start('sample.endless', {}, { priority: 60 })];
    await runs.cancel(first);
    await executing(high);
    expect((await run(low)).status).toBe('QUEUED');
    for (const id of [high, low]) await runs.cancel(id);
  });

  test('a delayed run begins at its time', async () => {
    const began = performance.now();
    await over(await start('sample.echo', { say: 'later' }, { delay: new Date(Date.now() + 50) }));
    expect(performance.now() - began).toBeGreaterThanOrEqual(45);
  });

  test('runs are found by tag', async () => {
    const id = await start('sample.echo', { say: 'tag' }, { tags: ['instance:7'] });
    expect((await runs.list({ tag: 'instance:7' })).data.map((found) => found.id)).toEqual([id]);
  });

  test('metadata outside a run throws', () => {
    expect(() => metadata.set('a', 1)).toThrow();
  });

  test('an unknown task is refused', async () => {
    await expect(tasks.trigger('sample.none', {})).rejects.toThrow('404');
  });
});
