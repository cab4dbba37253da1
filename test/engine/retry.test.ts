import { expect, test } from 'vitest';
import { defineStep, StepError, type RetryPolicy, type StepContext } from '../../src/index.ts';
import { eventually, standing, stepWhere, useBench } from '../support/engine.ts';
import { HOUR, ManualClock, SECOND, YEAR } from '../support/manual-clock.ts';
import { oneStep } from '../support/machines.ts';

const bench = useBench();

/** A step that fails until its attempt `succeedsAt`. */
function failing(retry: Partial<RetryPolicy>, error: (attempt: number) => unknown, succeedsAt = Infinity) {
  const seen: Pick<StepContext<unknown>, 'key' | 'attempt' | 'instance'>[] = [];
  const step = defineStep<unknown, unknown>({
    retry,
    run: ({ key, attempt, instance }) => {
      seen.push({ key, attempt, instance });
      if (attempt >= succeedsAt) return { attempt };
      throw error(attempt);
    },
  });
  return { step, seen };
}

test('a failed attempt is tried again, and each is recorded', async () => {
  const { step, seen } = failing(
    { maxAttempts: 3, minDelay: 20, factor: 1 },
    (attempt) => new Error(`no ${attempt}`),
    3,
  );
  const engine = await bench.worker([oneStep('tries', step)]);
  const { id } = await engine.start('tries', null, { tenant: 'acme' });
  expect(await engine.result(id, { timeout: 10_000 })).toEqual({ attempt: 3 });
  const key = `${id}:1:work`;
  const instance = { id, workflow: 'tries', tenant: 'acme' };
  expect(seen).toEqual([1, 2, 3].map((attempt) => ({ key, attempt, instance })));
  const [row] = await engine.steps(id);
  expect(row).toMatchObject({ status: 'done', attempt: 3, maxAttempts: 3, errorCode: null });
  expect(row?.attempts).toMatchObject([
    { attempt: 1, outcome: 'failed', error: { code: 'UNKNOWN', class: 'retryable', message: 'no 1', attempt: 1 } },
    { attempt: 2, outcome: 'failed', error: { code: 'UNKNOWN', message: 'no 2', attempt: 2 } },
  ]);
  const [first, second] = row?.attempts ?? [];
  expect(second?.startedAt).toBeGreaterThanOrEqual((first?.finishedAt ?? Infinity) + 20);
  expect((await engine.history(id)).items[1]?.step).toMatchObject({ attempt: 3, status: 'done' });
});

test('after the last attempt the instance fails, and is shown with it', async () => {
  const { step, seen } = failing({ maxAttempts: 2, minDelay: 5 }, () => new Error('never'));
  const engine = await bench.worker([oneStep('gives-up', step)]);
  const { id } = await engine.start('gives-up', null);
  const view = await standing(engine, id, 'failed');
  expect(view).toMatchObject({
    state: 'BEGUN',
    errorCode: 'UNKNOWN',
    sequence: 1,
    finishedAt: null,
    error: { attempt: 2, details: { key: '1:work', step: 'work' } },
  });
  expect(view.steps).toMatchObject([
    { status: 'failed', attempt: 2, maxAttempts: 2, nextAttemptAt: null, errorCode: 'UNKNOWN' },
  ]);
  expect(seen).toHaveLength(2);
});

test.each([
  ['by its code', () => new StepError('NOT_FOUND', 'gone')],
  ['by its own word', () => new StepError('UNAVAILABLE', 'gone', { retryable: false })],
  ['by its status', () => Object.assign(new Error('gone'), { status: 404 })],
])('what is final %s is not tried again', async (_, error) => {
  const { step, seen } = failing({ maxAttempts: 5, minDelay: 1 }, error);
  const engine = await bench.worker([oneStep('final', step)]);
  const { id } = await engine.start('final', null);
  expect((await standing(engine, id, 'failed')).error).toMatchObject({ class: 'final', attempt: 1 });
  expect(seen).toHaveLength(1);
});

test("delays grow by the factor up to the cap, less the jitter, and the next attempt's time is a row", async () => {
  const clock = new ManualClock();
  const retry = { maxAttempts: 6, minDelay: HOUR, factor: 3, maxDelay: 10 * HOUR, jitter: 0.5 };
  const { step, seen } = failing(retry, () => new Error('later'), 6);
  const engine = await bench.worker([oneStep('backs-off', step)], { clock, deadAfter: YEAR, random: () => 0.5 });
  const { id } = await engine.start('backs-off', null);
  const delays: number[] = [];
  for (let attempt = 1; attempt < 6; attempt++) {
    const step = await stepWhere(engine, id, (row) => row.status === 'retrying' && row.attempt === attempt);
    delays.push((step.nextAttemptAt?.getTime() ?? 0) - (step.finishedAt?.getTime() ?? 0));
    // While it waits it is nobody's: a row in the database, and nothing in memory.
    await eventually(
      async () =>
        (
          await bench.sql`select from durachart.instances where id = ${id} and lease is null and wake_at = ${step.nextAttemptAt as Date}`
        ).length === 1,
    );
    clock.advance((delays.at(-1) as number) - SECOND);
    expect(seen).toHaveLength(attempt);
    clock.advance(SECOND);
    await eventually(() => seen.length === attempt + 1);
  }
  expect(delays.map((delay) => delay / HOUR)).toEqual([0.75, 2.25, 6.75, 7.5, 7.5]);
  expect(await engine.result(id, { timeout: 10_000 })).toEqual({ attempt: 6 });
});

test("Retry-After wins over a shorter delay, as seconds and as a date of the engine's time", async () => {
  const clock = new ManualClock();
  clock.advance(YEAR);
  const errors = [
    () => new StepError('RATE_LIMITED', 'slow down', { retryAfter: HOUR }),
    () => Object.assign(new Error('429'), { status: 429, headers: { 'retry-after': '7200' } }),
    () =>
      Object.assign(new Error('503'), {
        status: 503,
        headers: { 'Retry-After': new Date(clock.now() + 3 * HOUR).toUTCString() },
      }),
    () => new StepError('RATE_LIMITED', 'go on', { retryAfter: 1 }),
  ];
  const { step } = failing({ maxAttempts: 5, minDelay: 60 * SECOND, maxDelay: HOUR, factor: 1 }, (attempt) =>
    errors[attempt - 1]?.(),
  );
  const engine = await bench.worker([oneStep('asked-to-wait', step)], { clock, deadAfter: 10 * YEAR });
  const { id } = await engine.start('asked-to-wait', null);
  const delays: number[] = [];
  for (let attempt = 1; attempt <= 4; attempt++) {
    const row = await stepWhere(engine, id, ({ status, attempt: now }) => status === 'retrying' && now === attempt);
    delays.push(Math.round(((row.nextAttemptAt?.getTime() ?? 0) - (row.finishedAt?.getTime() ?? 0)) / 10_000) * 10);
    clock.advance((row.nextAttemptAt?.getTime() ?? 0) - clock.now());
  }
  expect(delays).toEqual([3600, 7200, 10_800, 60]);
});

test('a wait that is asked for takes 31 days at most', async () => {
  const { step } = failing({ maxAttempts: 2 }, () => new StepError('RATE_LIMITED', 'never', { retryAfter: 1e300 }));
  const engine = await bench.worker([oneStep('never-again', step)]);
  const { id } = await engine.start('never-again', null);
  const { nextAttemptAt } = await stepWhere(engine, id, ({ status }) => status === 'retrying');
  expect(Math.round(((nextAttemptAt?.getTime() ?? 0) - Date.now()) / (24 * HOUR))).toBe(31);
  expect(bench.faults).toEqual([]);
});

test("a workflow's retry is its steps', unless they have their own", async () => {
  const { step: own } = failing({ maxAttempts: 1 }, () => new Error('own'));
  const { step: given } = failing({}, () => new Error('given'));
  const retry = { maxAttempts: 2, minDelay: 1 };
  const engine = await bench.worker([
    oneStep('own-retry', own, { retry }),
    oneStep('given-retry', given, { retry }),
    oneStep('set-retry', given, { retry, steps: { work: { retry: { maxAttempts: 4 } } } }),
  ]);
  for (const [name, attempts] of [
    ['own-retry', 1],
    ['given-retry', 2],
    ['set-retry', 4],
  ] as const) {
    const { id } = await engine.start(name, null);
    expect((await standing(engine, id, 'failed')).steps).toMatchObject([{ attempt: attempts, maxAttempts: attempts }]);
  }
});

test('a worker that comes after the next attempt was due makes it', async () => {
  const { step } = failing({ maxAttempts: 2, minDelay: 1_200 }, () => new Error('once'), 2);
  const workflow = oneStep('handed-on', step);
  const first = await bench.worker([workflow]);
  const { id } = await first.start('handed-on', null);
  await stepWhere(first, id, ({ status }) => status === 'retrying');
  await first.stop();
  const second = await bench.worker([workflow]);
  expect(await second.result(id, { timeout: 10_000 })).toEqual({ attempt: 2 });
  expect((await second.steps(id))[0]).toMatchObject({ attempt: 2, attempts: [{ outcome: 'failed' }] });
});
