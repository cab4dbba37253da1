import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { DRIVER } from '../../src/executors/trigger/names.ts';
import { createEngine } from '../../src/index.ts';
import { createTriggerClient } from '../../src/trigger.ts';
import { cause, codes } from '../engine/explain/support.ts';
import { openLane, type Lane } from '../proof/lane.ts';
import { HOUR, ManualClock, SECOND } from '../support/manual-clock.ts';
import { Platform } from './support/platform.ts';
import { all, held } from './support/workflows.ts';

/** What an explanation says of instances that Trigger.dev moves: where no worker holds anything, and runs do the work. */
let lane: Lane;
let platform: Platform;
let client: ReturnType<typeof createTriggerClient<typeof all>>;
beforeAll(async () => {
  lane = await openLane();
  platform = await Platform.start(lane.database, { workflows: [all] });
  client = createTriggerClient({
    database: lane.database.url,
    workflows: all,
    artifacts: undefined as never,
    onFault: () => {},
  });
});
afterAll(async () => {
  await client.stop();
  await platform.stop();
  await lane.close();
});

/** Starts an instance whose step is held; its driver waits. */
async function begin(): Promise<string> {
  const { id } = await client.start('holding', null);
  await held.called(id, 1);
  await platform.host.until((run) => run.tags.includes(`instance:${id}`) && run.status === 'WAITING');
  return id;
}

/** Somebody who looks at a later time. */
function watcher() {
  const clock = new ManualClock();
  const engine = createEngine({
    database: lane.database.url,
    workflows: all,
    artifacts: undefined as never,
    executor: 'trigger',
    clock,
  });
  onTestFinished(async () => engine.stop());
  return { clock, engine };
}

test('a step that runs there: its run, and no complaint that no worker holds the instance', async () => {
  const id = await begin();
  const [run] = platform.host.all().filter(({ tags, taskId }) => tags.includes(`instance:${id}`) && taskId !== DRIVER);
  const { engine, clock } = watcher();
  clock.advance(HOUR);
  const explanation = await engine.explain(id);
  expect(codes(explanation)).toEqual(['RUNNING']);
  expect(cause(explanation, 'RUNNING')).toMatchObject({ step: 'work', runId: run?.id });
  expect(cause(explanation, 'RUNNING').words).toContain(`, on Trigger.dev as ${run?.id}`);
  // Whoever looks from a process of the local executor sees the same.
  const local = createEngine({ database: lane.database.url, workflows: all, artifacts: undefined as never });
  onTestFinished(async () => local.stop());
  expect(codes(await local.explain(id))).toEqual(['RUNNING']);
  held.release(id, 1);
  await client.result(id, { timeout: 5_000 });
});

test('a step whose round was given up and whose row was not, as by a driver that died in between', async () => {
  const id = await begin();
  await lane.sql`update durachart.runs set ended_at = now() where instance_id = ${id}`;
  const { engine, clock } = watcher();
  expect(codes(await engine.explain(id))).not.toContain('LOST_RUN');
  clock.advance(10 * SECOND);
  const explanation = await engine.explain(id);
  expect(codes(explanation)).toEqual(['LOST_RUN']);
  expect(cause(explanation, 'LOST_RUN')).toMatchObject({ step: 'work', runId: null });
  expect(cause(explanation, 'LOST_RUN').words).toContain('`durachart reconcile` asks the platform at once');
  await lane.sql`update durachart.runs set ended_at = null where instance_id = ${id}`;
  held.release(id, 1);
  await client.result(id, { timeout: 5_000 });
});

test('a run that was planned and never confirmed by the platform', async () => {
  const id = await begin();
  await lane.sql`update durachart.runs set run_id = null where instance_id = ${id}`;
  const { engine, clock } = watcher();
  clock.advance(10 * SECOND);
  expect(codes(await engine.explain(id))).toEqual(['RUNNING']);
  clock.advance(HOUR);
  const explanation = await engine.explain(id);
  expect(codes(explanation)).toEqual(['LOST_RUN']);
  expect(cause(explanation, 'LOST_RUN').words).toContain('was to be run on Trigger.dev 1 hour ago');
  held.release(id, 1);
  await client.result(id, { timeout: 5_000 });
});

test('overdue: no driver has come', async () => {
  const { engine, clock } = watcher();
  const { id } = await client.start('holding', null, { startAt: new Date(Date.now() + HOUR) });
  expect(codes(await engine.explain(id))).toEqual(['SCHEDULED']);
  clock.advance(2 * HOUR);
  const explanation = await engine.explain(id);
  expect(codes(explanation)).toEqual(['OVERDUE']);
  expect(cause(explanation, 'OVERDUE').words).toContain('no driver has come; look whether the sweep runs');
  await client.engine.cancel(id);
});

test('a paused workflow is no lost run', async () => {
  await client.engine.pause({ workflow: 'holding' });
  const { id } = await client.start('holding', null);
  // The driver that looks at it for a moment holds the lease, and this clock would take it for dead.
  await platform.host.idle();
  const { engine, clock } = watcher();
  clock.advance(HOUR);
  expect(codes(await engine.explain(id))).toEqual(['WORKFLOW_PAUSED', 'QUEUED']);
  await client.engine.unpause({ workflow: 'holding' });
  await client.engine.cancel(id);
});
