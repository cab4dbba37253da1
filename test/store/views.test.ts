import { beforeAll, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { defineStep, defineWorkflow, migrateWorkflows, StepError, type Workflow } from '../../src/index.ts';
import { eventually, standing, stepWhere, useBench } from '../support/engine.ts';
import { HeldStep, oneStep, waitsForGo } from '../support/machines.ts';

const bench = useBench();

const failing = oneStep(
  'view-fails',
  defineStep<unknown, null>({ run: () => Promise.reject(new StepError('GONE', 'gone', { retryable: false })) }),
);
const retrying = oneStep(
  'view-retries',
  defineStep<unknown, null>({
    retry: { maxAttempts: 5, minDelay: 3_600_000, maxDelay: 3_600_000 },
    run: () => Promise.reject(new StepError('BUSY', 'busy', { retryable: true })),
  }),
);
const held = new HeldStep();
const holds = oneStep('view-holds', held.step({ timeout: 60_000, heartbeat: 50_000 }));
const waits = waitsForGo('view-waits');
const times = defineWorkflow({
  machine: createMachine({
    id: 'view-times',
    initial: 'A',
    states: { A: { after: { 7_200_000: 'B' } }, B: { type: 'final' } },
  }),
}) as Workflow;
const bears = defineWorkflow({
  machine: createMachine(
    {
      id: 'view-bears',
      initial: 'P',
      states: { P: { invoke: { id: 'c', src: 'child', onDone: 'Q' } }, Q: {} },
    } as never,
    {
      actors: {
        child: createMachine(
          { id: 'view-born', initial: 'C', states: { C: { invoke: { src: 'no' } } } } as never,
          { actors: { no: failingLogic() } } as never,
        ),
      },
    } as never,
  ),
}) as Workflow;

function failingLogic(): unknown {
  return defineStep<unknown, null>({ run: () => Promise.reject(new StepError('GONE', 'gone', { retryable: false })) });
}

const all = [failing, retrying, holds, waits, times, bears] as unknown as readonly Workflow[];
beforeAll(async () => void (await migrateWorkflows(bench.url, all)));

const rows = async (query: string) => [...(await bench.sql.unsafe<Record<string, unknown>[]>(query))];

test('status: an instance that waits, one that runs, one that failed', async () => {
  const engine = await bench.worker(all);
  const waiting = await engine.start('view-waits', undefined, { tags: ['x'], tenant: 't' });
  const failed = await engine.start('view-fails', null);
  const running = await engine.start('view-holds', null);
  await standing(engine, waiting.id, 'waiting');
  await standing(engine, failed.id, 'failed');
  const calls = held.calls.length;
  await held.called(Math.max(1, calls));
  const of = async (id: string) => (await rows(`select * from durachart.status where id = '${id}'`))[0];
  await eventually(async () => (await of(running.id))?.['attempt'] === 1);
  expect(await of(waiting.id)).toMatchObject({
    workflow: 'view-waits',
    version: '1',
    status: 'waiting',
    state: 'WAITING',
    step: null,
    attempt: null,
    since: expect.any(Date) as Date,
    waiting_for: ['GO', 'STAY'],
    wakes_at: null,
    error_code: null,
    tags: ['x'],
    tenant: 't',
    sequence: 1,
  });
  expect(await of(running.id)).toMatchObject({
    status: 'running',
    state: 'BEGUN',
    step: 'work',
    attempt: 1,
    waiting_for: null,
  });
  expect(await of(failed.id)).toMatchObject({ status: 'failed', state: 'BEGUN', step: 'work', error_code: 'GONE' });
  expect(await rows(`select * from durachart.failures where workflow = 'view-fails'`)).toMatchObject([
    { error_code: 'GONE', state: 'BEGUN', step: 'work', instances: '1' },
  ]);
  expect(await rows(`select waiting_for, tags from durachart.waiting where id = '${waiting.id}'`)).toEqual([
    { waiting_for: ['GO', 'STAY'], tags: ['x'] },
  ]);
  held.release(held.calls.length);
});

test('retrying: a step between two attempts', async () => {
  const engine = await bench.worker(all);
  const { id } = await engine.start('view-retries', null, { tags: ['slow'] });
  await stepWhere(engine, id, ({ status }) => status === 'retrying');
  const found = await eventually(async () => (await rows(`select * from durachart.retrying where id = '${id}'`))[0]);
  expect(found).toMatchObject({ step: 'work', attempt: 1, max_attempts: 5, error_code: 'BUSY', tags: ['slow'] });
  expect((found['next_attempt_at'] as Date).getTime()).toBeGreaterThan(Date.now());
});

test('stuck: failed for itself, for a child, for a state that is gone', async () => {
  const engine = await bench.worker(all);
  const failed = await engine.start('view-fails', null);
  const parent = await engine.start('view-bears', undefined);
  await standing(engine, failed.id, 'failed');
  await standing(engine, parent.id, 'failed');
  const reason = async (id: string) =>
    (await rows(`select reason, step, error_code from durachart.stuck where id = '${id}'`))[0];
  expect(await reason(failed.id)).toEqual({ reason: 'FAILED', step: 'work', error_code: 'GONE' });
  expect(await reason(parent.id)).toEqual({ reason: 'CHILD_FAILED', step: 'child', error_code: 'GONE' });
  await bench.sql`update durachart.instances set error_code = 'STATE_UNKNOWN' where id = ${failed.id}`;
  expect((await reason(failed.id))?.['reason']).toBe('STATE_UNKNOWN');
});

test('stuck and overdue: nobody looked at it in time, with a worker and without', async () => {
  const engine = await bench.worker([times]);
  const { id } = await engine.start('view-times', undefined);
  await eventually(
    async () => (await rows(`select from durachart.waiting where id = '${id}' and timer_at > now()`)).length,
  );
  expect(await rows(`select from durachart.stuck where id = '${id}'`)).toEqual([]);
  const late = bench.sql.begin(async (tx) => {
    // Seen by this transaction only, so that the worker does not take it.
    await tx`update durachart.instances set wake_at = now() - interval '31 s' where id = ${id}`;
    expect(await tx`select status, state, has_worker from durachart.overdue where id = ${id}`).toEqual([
      { status: 'waiting', state: 'A', has_worker: true },
    ]);
    expect(await tx`select reason from durachart.stuck where id = ${id}`).toEqual([{ reason: 'OVERDUE' }]);
    await tx`update durachart.workers set stopped_at = now() where stopped_at is null`;
    expect(await tx`select reason from durachart.stuck where id = ${id}`).toEqual([{ reason: 'NO_WORKER' }]);
    await tx`insert into durachart.pauses (target, name, by, since) values ('workflow', 'view-times', 'test', now())`;
    expect(await tx`select reason from durachart.stuck where id = ${id}`).toEqual([]);
    throw new Error('undone');
  });
  await expect(late).rejects.toThrow('undone');
});

test('stuck: in the hands of a dead worker, past the timeout, silent', async () => {
  const engine = await bench.worker(all);
  const before = held.calls.length;
  const { id } = await engine.start('view-holds', null);
  await held.called(before + 1);
  await stepWhere(engine, id, ({ status }) => status === 'running');
  await eventually(
    async () => (await rows(`select from durachart.steps where instance_id = '${id}' and status = 'running'`)).length,
  );
  const late = bench.sql.begin(async (tx) => {
    const stuck = async () => (await tx`select reason, step from durachart.stuck where id = ${id}`)[0];
    expect(await stuck()).toBeUndefined();
    await tx`update durachart.steps set started_at = now() - interval '81 s' where instance_id = ${id}`;
    expect(await stuck()).toEqual({ reason: 'STEP_SILENT', step: 'work' });
    await tx`update durachart.steps set heartbeat_at = now() where instance_id = ${id}`;
    expect(await stuck()).toBeUndefined();
    await tx`update durachart.steps set started_at = now() - interval '91 s' where instance_id = ${id}`;
    expect(await stuck()).toEqual({ reason: 'STEP_PAST_TIMEOUT', step: 'work' });
    // On Trigger.dev nobody holds it meanwhile.
    await tx`update durachart.instances set lease = null, wake_at = null where id = ${id}`;
    expect(await stuck()).toBeUndefined();
    await tx`insert into durachart.runs (instance_id, kind, key, round, task, created_at) values (${id}, 'step', '1:work', 1, 'work', now())`;
    expect(await stuck()).toEqual({ reason: 'STEP_PAST_TIMEOUT', step: 'work' });
    await tx`update durachart.instances set lease = 1_000_000 where id = ${id}`;
    expect((await stuck())?.['reason']).toBe('DEAD_WORKER');
    throw new Error('undone');
  });
  await expect(late).rejects.toThrow('undone');
  held.release(before + 1);
  await engine.result(id);
});

test('statistics: steps, states, transitions and minutes, all or of late', async () => {
  const engine = await bench.worker([waits]);
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) ids.push((await engine.start('view-waits', undefined)).id);
  await engine.send(ids[0] as string, { type: 'STAY' });
  for (const id of ids.slice(0, 2)) {
    await engine.send(id, { type: 'GO' });
    await engine.result(id);
  }
  const funnel = async () =>
    rows(
      `select from_state, event, to_state, taken::int from durachart.funnel where workflow = 'view-waits' order by edge`,
    );
  const [start, go, stay] = await funnel();
  expect(start).toMatchObject({ from_state: null, event: 'xstate.init', to_state: 'WAITING' });
  expect(start?.['taken']).toBeGreaterThanOrEqual(3);
  expect(go).toEqual({ from_state: 'WAITING', event: 'GO', to_state: 'DONE', taken: 2 });
  expect(stay).toEqual({ from_state: 'WAITING', event: 'STAY', to_state: 'WAITING', taken: 1 });

  expect(
    await rows(
      `select state, entered::int, exited::int from durachart.dwell_times where workflow = 'view-waits' order by 1`,
    ),
  ).toEqual([
    { state: 'DONE', entered: 2, exited: 0 },
    { state: 'WAITING', entered: start?.['taken'], exited: 2 },
  ]);
  const [totals] = await rows(
    `select sum(transitions)::int as transitions, sum(done)::int as done from durachart.throughput where workflow = 'view-waits'`,
  );
  expect(totals).toEqual({ transitions: (start?.['taken'] as number) + 3, done: 2 });
  expect(
    await rows(
      `select step, failed::int, failure_rate::float, retries::int from durachart.step_statistics where workflow = 'view-fails'`,
    ),
  ).toMatchObject([{ step: 'work', failure_rate: 1, retries: 0 }]);

  // Everything was an hour ago.
  await bench.sql.begin(async (tx) => {
    await tx`update durachart.transitions set at = at - interval '1 hour'`;
    await tx`set local durachart.period = '30 minutes'`;
    expect(await tx`select taken::int from durachart.funnel where workflow = 'view-waits' and event = 'GO'`).toEqual([
      { taken: 0 },
    ]);
    expect(await tx`select from durachart.throughput`).toHaveLength(0);
    await tx`set local durachart.period = '2 hours'`;
    expect(await tx`select taken::int from durachart.funnel where workflow = 'view-waits' and event = 'GO'`).toEqual([
      { taken: 2 },
    ]);
  });
});
