import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DRIVER } from '../../src/executors/trigger/names.ts';
import type { Engine } from '../../src/index.ts';
import { createTriggerClient } from '../../src/trigger.ts';
import { openLane, type Lane } from '../proof/lane.ts';
import { eventually, reached, standing } from '../support/engine.ts';
import type { Run } from '../support/trigger-host/run.ts';
import { all, calls, held } from './support/workflows.ts';
import { Platform } from './support/platform.ts';

/** What is particular to Trigger.dev: which runs there are, what becomes of them, and what people see of them. */
let lane: Lane;
let platform: Platform;
let client: ReturnType<typeof createTriggerClient<typeof all>>;
beforeAll(async () => {
  lane = await openLane();
  platform = await Platform.start(lane.database, { workflows: [all], queues: { meetings: 2 } });
  client = createTriggerClient({
    database: lane.database.url,
    workflows: all,
    artifacts: undefined as never,
    dashboard: 'https://runs.example/',
    onFault: () => {},
  });
});
afterAll(async () => {
  await client.stop();
  await platform.stop();
  await lane.close();
});
beforeEach(() => platform.noFaults());

const engine = (): Engine => client.engine as unknown as Engine;
const runsOf = (id: string): Run[] => platform.host.all().filter(({ tags }) => tags.includes(`instance:${id}`));
const stepRuns = (id: string): Run[] => runsOf(id).filter(({ taskId }) => taskId !== DRIVER);
const waiting = (id: string) =>
  platform.host.until((run) => run.tags.includes(`instance:${id}`) && run.status === 'WAITING');
/** Starts a held instance, and waits until its step has been called and its driver waits. */
async function begin(): Promise<string> {
  const { id } = await client.start('holding', null);
  await held.called(id, 1);
  await waiting(id);
  return id;
}

describe('one step in flight', () => {
  test('the driver waits for it and for nothing else, without the lease', async () => {
    const id = await begin();
    expect(await lane.sql`select lease from durachart.instances where id = ${id}`).toEqual([{ lease: null }]);
    held.release(id, 1, 'out');
    expect(await client.result(id, { timeout: 5_000 })).toBe('out');
    await platform.host.idle();
    expect(
      runsOf(id)
        .map(({ taskId, status }) => `${taskId} ${status}`)
        .toSorted(),
    ).toEqual([`${DRIVER} COMPLETED`, 'holding.work COMPLETED']);
    expect(stepRuns(id)[0]?.parentId).toBe(runsOf(id).find(({ taskId }) => taskId === DRIVER)?.id);
  });

  test('an event that stays in the state is taken meanwhile', async () => {
    const id = await begin();
    await client.send(id, { type: 'NOTE' });
    await eventually(async () => ((await engine().get(id)).context as { got: unknown }).got === 'noted');
    held.release(id, 1, 'after');
    expect(await client.result(id, { timeout: 5_000 })).toBe('after');
    expect(stepRuns(id)).toHaveLength(1);
  });

  test('an event that leaves the state stops the invocation in its own commit, and cancels its run after it', async () => {
    const id = await begin();
    const { signal } = await held.called(id, 1);
    const aborted = once(signal, 'abort');
    await client.send(id, { type: 'LEAVE' });
    await client.result(id, { timeout: 5_000 });
    await aborted;
    held.release(id, 1, 'too late');
    await platform.host.idle();
    expect(stepRuns(id)[0]?.status).toBe('CANCELED');
    expect(await engine().steps(id)).toMatchObject([{ status: 'stopped', output: undefined }]);
  });

  test('a cancelled instance cancels its run', async () => {
    const id = await begin();
    await client.cancel(id);
    await standing(engine(), id, 'cancelled');
    await platform.host.idle();
    held.release(id, 1);
    expect(stepRuns(id)[0]?.status).toBe('CANCELED');
  });
});

describe('retry', () => {
  test('Retry-After is honoured; attempts are kept with the run’s id', async () => {
    const { id } = await client.start('asked', null);
    expect(await client.result(id, { timeout: 5_000 })).toBe(2);
    const [first, second] = calls.get(id) ?? [];
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(145);
    expect(second).toMatchObject({ attempt: 2, key: first?.key });
    const [run] = stepRuns(id);
    expect(run).toMatchObject({ status: 'COMPLETED', attempt: 2 });
    expect((await engine().steps(id))[0]?.attempts).toMatchObject([
      { attempt: 1, outcome: 'failed', runId: run?.id, error: { code: 'RATE_LIMITED' } },
    ]);
  });

  test('an error that cannot be retried makes one attempt, and reaches the machine whole', async () => {
    const { id } = await client.start('refused', null);
    const view = await standing(engine(), id, 'failed');
    await platform.host.idle();
    expect(view.error).toMatchObject({ code: 'API_KEY_INVALID', class: 'final', details: { step: 'call' } });
    expect(stepRuns(id)).toMatchObject([{ status: 'FAILED', attempt: 1 }]);
    // A retry by hand is a new round: a run of its own.
    await client.retry(id);
    await eventually(() => stepRuns(id).length === 2);
    await standing(engine(), id, 'failed');
  });
});

test('steps of parallel regions overlap, in a queue that they share', async () => {
  const { id } = await client.start('overlapping', null);
  await client.result(id, { timeout: 5_000 });
  expect(platform.host.queues.peaks.get('meetings')).toBe(2);
});

describe('options of steps', () => {
  test('inline steps have no run, retries included; others get machine, queue and tags', async () => {
    const { id } = await client.start('mixed', null);
    await reached(engine(), id, 'LISTENING');
    await platform.host.until(
      (run) => run.tags.includes(`instance:${id}`) && run.taskId === 'mixed.listens' && run.status === 'EXECUTING',
    );
    expect(
      calls
        .get(id)
        ?.map(({ attempt }) => attempt)
        .slice(0, 2),
    ).toEqual([1, 2]);
    expect(stepRuns(id)).toMatchObject([
      {
        taskId: 'mixed.listens',
        machine: 'large-1x',
        queue: { name: expect.stringMatching(/^step\/mixed-listens-/) as string },
        tags: [`instance:${id}`, 'workflow:mixed'],
      },
    ]);
    // What a step tells while it runs is there to be read.
    await eventually(async () =>
      (await engine().steps(id)).some(({ progress, message }) => progress === 0.5 && message === 'half'),
    );
    // The timer's driver is there, delayed, and goes with the state.
    expect(runsOf(id).filter(({ status }) => status === 'DELAYED')).toHaveLength(1);
    await client.send(id, { type: 'LEAVE' });
    await client.result(id, { timeout: 5_000 });
    await platform.host.idle();
    expect(runsOf(id).filter(({ status }) => status === 'DELAYED')).toEqual([]);
  });
});

describe('what people see', () => {
  test('metadata of the driver shows state, sequence and steps', async () => {
    const id = await begin();
    const driver = runsOf(id).find(({ taskId }) => taskId === DRIVER);
    expect(driver?.metadata).toMatchObject({
      instance: id,
      workflow: 'holding',
      state: 'BEGUN',
      sequence: 1,
      status: 'running',
      steps: [{ key: '1:work' }],
    });
    held.release(id, 1);
    await client.result(id, { timeout: 5_000 });
  });

  test('status links to the runs', async () => {
    const id = await begin();
    const [run] = stepRuns(id);
    expect((await client.status(id)).runs).toMatchObject([
      { id: run?.id, task: 'holding.work', step: '1:work', open: true, url: `https://runs.example/runs/${run?.id}` },
    ]);
    held.release(id, 1);
    await client.result(id, { timeout: 5_000 });
  });
});

describe('the reconciler', () => {
  /** Whatever happened to the run: another one follows, and its result is taken. */
  async function goesOn(id: string, call: number): Promise<void> {
    await held.called(id, call);
    held.release(id, call, 'again');
    expect(await client.result(id, { timeout: 5_000 })).toBe('again');
  }

  test.each(['killed', 'timed out'] as const)('a step’s run that was %s is followed by another one', async (how) => {
    const id = await begin();
    const [run] = stepRuns(id);
    platform.host.kill(run?.id as string, how);
    await goesOn(id, 2);
    expect((await engine().steps(id))[0]).toMatchObject({ attempt: 1, attempts: [{ outcome: 'lost' }] });
  });

  test('a step’s run that a person cancels is followed by another one', async () => {
    const id = await begin();
    platform.host.cancel(stepRuns(id)[0]?.id as string);
    await goesOn(id, 2);
    expect(stepRuns(id).map(({ status }) => status)).toEqual(['CANCELED', 'COMPLETED']);
  });

  test('a run that expires in the queue is followed by another one', async () => {
    platform.host.hold('holding.work');
    const { id } = await client.start('holding', null);
    const run = await platform.host.until(
      (other) => other.tags.includes(`instance:${id}`) && other.taskId === 'holding.work',
    );
    await waiting(id);
    platform.host.letGo('holding.work');
    platform.host.expire(run.id);
    await goesOn(id, 1);
  });

  test('a driver that a person cancels while it waits takes the step along; the sweep brings the instance on', async () => {
    const id = await begin();
    platform.host.cancel(runsOf(id).find(({ taskId }) => taskId === DRIVER)?.id as string);
    await eventually(() => stepRuns(id)[0]?.status === 'CANCELED');
    await client.reconcile();
    await goesOn(id, 2);
  });

  test('what came in while a driver had the lease, which was then cancelled, is for another driver at once', async () => {
    const id = await begin();
    // A driver that has the lease and its inbox, and gets no further.
    const stands = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const lock = lane.sql.begin(async (sql) => {
      await sql`lock table durachart.pauses`;
      locked.resolve();
      await stands.promise;
    });
    await locked.promise;
    await client.send(id, { type: 'NOTE' });
    const driver = await platform.host.until(
      (run) => run.tags.includes(`instance:${id}`) && run.taskId === DRIVER && run.status === 'EXECUTING',
    );
    const lease = async () => (await lane.sql`select lease from durachart.instances where id = ${id}`)[0]?.['lease'];
    await eventually(async () => (await lease()) !== null);
    await client.send(id, { type: 'NOTE' });
    platform.host.cancel(driver.id);
    stands.resolve();
    await lock;
    const pending = async () => lane.sql`select from durachart.events where instance_id = ${id} and status = 'pending'`;
    await eventually(async () => (await pending()).length === 0);
    held.release(id, 1, 'out');
    expect(await client.result(id, { timeout: 5_000 })).toBe('out');
  });

  test('a step that ends when its driver is dead triggers another one', async () => {
    const id = await begin();
    const driver = runsOf(id).find(({ taskId }) => taskId === DRIVER) as Run;
    driver.machine = 'small-2x';
    platform.host.kill(driver.id);
    expect((await driver.ended).ok).toBe(false);
    held.release(id, 1, 'out');
    expect(await client.result(id, { timeout: 5_000 })).toBe('out');
  });

  test('a run whose row says done counts as done, whatever the platform says', async () => {
    const id = await begin();
    const driver = runsOf(id).find(({ taskId }) => taskId === DRIVER) as Run;
    const [run] = stepRuns(id);
    platform.host.intercept = async (name, go) => {
      const answer = await go();
      // The step’s process dies after its row is stored, before its run is completed.
      if (name === 'retrieveRun') platform.host.kill(run?.id as string, 'timed out');
      return answer;
    };
    held.release(id, 1, 'stored');
    expect(await client.result(id, { timeout: 5_000 })).toBe('stored');
    platform.host.intercept = async (_name, go) => go();
    await driver.ended;
    expect((await engine().steps(id))[0]).toMatchObject({ status: 'done', attempt: 1 });
    expect(stepRuns(id)).toHaveLength(1);
  });

  test('what could not be triggered while the platform was away is found by the sweep', async () => {
    platform.host.unreachable = true;
    const { id } = await client.start('holding', null);
    expect(runsOf(id)).toEqual([]);
    platform.host.unreachable = false;
    await platform.sweep();
    await goesOn(id, 1);
  });
});
