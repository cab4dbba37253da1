import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { DRIVER } from '../../src/executors/trigger/names.ts';
import { createEngine } from '../../src/index.ts';
import { createTriggerClient } from '../../src/trigger.ts';
import { cause, codes } from '../engine/explain/support.ts';
import { openLane, type Lane } from '../proof/lane.ts';
import { eventually } from '../support/engine.ts';
import { ManualClock } from '../support/manual-clock.ts';
import type { Run } from '../support/trigger-host/run.ts';
import { Platform } from './support/platform.ts';
import { all, held, twins } from './support/workflows.ts';

/** Runs that the platform has made and never begins. */
const workflows = [...all, twins] as const;
const MINUTE = 60_000;
let lane: Lane;
let platform: Platform;
let client: ReturnType<typeof createTriggerClient<typeof workflows>>;
beforeAll(async () => {
  lane = await openLane();
  platform = await Platform.start(lane.database, { workflows: [workflows] });
  client = createTriggerClient({
    database: lane.database.url,
    workflows,
    artifacts: undefined as never,
    onFault: () => {},
  });
});
afterAll(async () => {
  await client.stop();
  await platform.stop();
  await lane.close();
});

const stepRuns = (id: string): Run[] =>
  platform.host.all().filter(({ tags, taskId }) => tags.includes(`instance:${id}`) && taskId !== DRIVER);
const standing = (id: string, statuses: readonly string[]): Promise<true> =>
  eventually(() => JSON.stringify(stepRuns(id).map(({ status }) => status)) === JSON.stringify(statuses));

/** Starts one whose step's runs stay in the queue. */
async function start(workflow: 'holding' | 'twins', runs: number): Promise<string> {
  platform.host.hold(`${workflow}.work`);
  onTestFinished(() => platform.host.letGo(`${workflow}.work`));
  const { id } = await client.start(workflow, null);
  await standing(
    id,
    Array.from({ length: runs }, () => 'QUEUED'),
  );
  return id;
}

/** Lets time pass, as far as the database knows. */
async function age(id: string, minutes: number): Promise<void> {
  await lane.sql`update durachart.runs set created_at = created_at - make_interval(mins => ${minutes}) where instance_id = ${id}`;
  await lane.sql`update durachart.steps set queued_at = queued_at - make_interval(mins => ${minutes}) where instance_id = ${id}`;
}

test('a run that a driver waits for, and that is in no queue, is replaced after a time', async () => {
  const id = await start('holding', 1);
  await age(id, 4);
  expect(await client.reconcile()).toEqual({ dead: 0, due: [], lost: [], failed: [] });
  expect(stepRuns(id).map(({ status }) => status)).toEqual(['QUEUED']);

  platform.host.lose('holding.work');
  await age(id, 2);
  expect(await client.reconcile()).toEqual({ dead: 0, due: [], lost: [id], failed: [] });
  await held.called(id, 1);
  expect(stepRuns(id).map(({ status }) => status)).toEqual(['CANCELED', 'EXECUTING']);
  // It stands where the lost one stood.
  expect((stepRuns(id)[1]?.options.priority ?? 0) - (stepRuns(id)[0]?.options.priority ?? 0)).toBeGreaterThanOrEqual(
    360,
  );
  held.release(id, 1, 'out');
  expect(await client.result(id, { timeout: 10_000 })).toBe('out');
  // Nothing was lost but the run: the step has made one attempt.
  expect((await client.engine.steps(id)).map(({ attempt }) => attempt)).toEqual([1]);
});

test('so are several at a time, for which no driver waits', async () => {
  const id = await start('twins', 2);
  await platform.host.until(
    (run) => run.taskId === DRIVER && run.tags.includes(`instance:${id}`) && run.status === 'COMPLETED',
  );
  platform.host.lose('twins.work');
  await age(id, 6);
  expect(await client.reconcile()).toMatchObject({ lost: [id], failed: [] });
  for (const nth of [1, 2]) {
    await held.called(id, nth);
    held.release(id, nth);
  }
  await client.result(id, { timeout: 10_000 });
  expect(stepRuns(id).map(({ status }) => status)).toEqual(['CANCELED', 'CANCELED', 'COMPLETED', 'COMPLETED']);
});

test('the sweep does it by itself; one that waits in line again waits twice as long', async () => {
  const id = await start('holding', 1);
  await age(id, 6);
  await platform.sweep();
  await standing(id, ['CANCELED', 'QUEUED']);
  await age(id, 6);
  await platform.sweep();
  expect(stepRuns(id).map(({ status }) => status)).toEqual(['CANCELED', 'QUEUED']);
  await age(id, 5);
  await platform.sweep();
  await standing(id, ['CANCELED', 'CANCELED', 'QUEUED']);
  platform.host.letGo('holding.work');
  await held.called(id, 1);
  held.release(id, 1);
  await client.result(id, { timeout: 10_000 });
});

test('one whose step has begun is left alone, however long it takes', async () => {
  const { id } = await client.start('holding', null);
  await held.called(id, 1);
  await age(id, 600);
  expect(await client.reconcile()).toMatchObject({ lost: [] });
  expect(stepRuns(id).map(({ status }) => status)).toEqual(['EXECUTING']);
  held.release(id, 1);
  await client.result(id, { timeout: 10_000 });
});

test('a platform that does not answer is no reason to give a run up', async () => {
  const id = await start('holding', 1);
  await age(id, 6);
  platform.host.unreachable = true;
  expect(await client.reconcile()).toMatchObject({ lost: [], failed: [id] });
  platform.host.unreachable = false;
  expect(await lane.sql`select ended_at from durachart.runs where instance_id = ${id}`).toEqual([{ ended_at: null }]);
  platform.host.letGo('holding.work');
  await held.called(id, 1);
  held.release(id, 1);
  await client.result(id, { timeout: 10_000 });
});

test('when its state is left, a run that has not begun is cancelled, and the driver that waits for it goes on', async () => {
  for (const workflow of ['holding', 'twins'] as const) {
    const id = await start(workflow, workflow === 'holding' ? 1 : 2);
    await client.send(id, { type: 'LEAVE' });
    await client.result(id, { timeout: 10_000 });
    await eventually(() => stepRuns(id).every(({ status }) => status === 'CANCELED'));
    await eventually(() =>
      platform.host
        .all()
        .filter(({ taskId, tags }) => taskId === DRIVER && tags.includes(`instance:${id}`))
        .every(({ status }) => status === 'COMPLETED'),
    );
  }
});

test('an explanation says how long it may wait, and then what to do', async () => {
  const id = await start('holding', 1);
  const clock = new ManualClock();
  const engine = createEngine({
    database: lane.database.url,
    workflows,
    artifacts: undefined as never,
    executor: 'trigger',
    clock,
  });
  onTestFinished(async () => engine.stop());
  clock.advance(3 * MINUTE);
  const early = await engine.explain(id);
  expect(codes(early)).toEqual(['QUEUED']);
  expect(cause(early, 'QUEUED').words).toMatch(/; if it has not begun in (2|1\.\d) minutes, it is replaced\.$/);
  clock.advance(4 * MINUTE);
  const late = await engine.explain(id);
  expect(codes(late)).toEqual(['LOST_RUN']);
  expect(cause(late, 'LOST_RUN').words).toMatch(/has not begun.*`durachart reconcile` asks the platform at once\.$/);
  await client.cancel(id);
});
