import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../src/create-engine.ts';
import type { Engine, Workflow } from '../../src/index.ts';
import { openLane, type Lane } from '../proof/lane.ts';
import { Plan } from '../proof/plan.ts';
import { childScenarios } from '../proof/scenarios/children.ts';
import { fanOutScenarios } from '../proof/scenarios/fan-out.ts';
import { publishedScenario } from '../proof/scenarios/published.ts';
import { stepScenarios } from '../proof/scenarios/steps.ts';
import { timerScenarios } from '../proof/scenarios/timers.ts';
import { World } from '../proof/world.ts';
import { Platform } from './support/platform.ts';
import { comparable, play } from './support/play.ts';

const scenarios = [...stepScenarios, ...timerScenarios, ...childScenarios, ...fanOutScenarios, publishedScenario];

/** The scenarios of the proof, on Trigger.dev: the same machines leave the same rows. */
let lane: Lane;
let platform: Platform;
beforeAll(async () => {
  lane = await openLane();
  platform = await Platform.start(lane.database, { workflows: scenarios.map(({ workflows }) => workflows), keep: 0 });
});
afterAll(async () => {
  await platform.stop();
  await lane.close();
});

test.each(scenarios)('$name: the same history as on the local executor', async (scenario) => {
  platform.noFaults();
  const local = await new World(lane, scenario, new Plan()).run();
  const engine = createEngine({
    database: lane.database.url,
    workflows: scenario.workflows as readonly Workflow[],
    artifacts: undefined as never,
    executor: 'trigger',
  });
  const { outcome, root } = await play(lane, scenario, engine as unknown as Engine, platform);
  await engine.stop();
  expect(comparable(outcome, scenario.optional)).toEqual(comparable(local.outcome, scenario.optional));
  await platform.host.idle();
  // Nothing is left on the platform: no run that waits, none that is to come.
  expect(
    platform.host.all().filter(({ status }) => ['QUEUED', 'EXECUTING', 'WAITING', 'DELAYED'].includes(status)),
  ).toEqual([]);
  expect(
    await lane.sql`select * from durachart.runs where (instance_id = ${root} or instance_id like ${`${root}.%`}) and ended_at is null`,
  ).toEqual([]);
});
