import { expect, test } from 'vitest';
import { enumerate } from './enumerate.ts';
import { Plan } from './plan.ts';
import { childScenarios } from './scenarios/children.ts';
import { stepScenarios } from './scenarios/steps.ts';
import { timerScenarios } from './scenarios/timers.ts';
import { videoScenario } from './scenarios/video.ts';
import { World, type Scenario } from './world.ts';

const { lane, report } = enumerate([...stepScenarios, ...timerScenarios, ...childScenarios, videoScenario]);

test('a step under which every process dies at once is taken for the cause of it', { timeout: 60_000 }, async () => {
  // With one commit a life, the commit that says that a step runs is always the last.
  const world = new World(lane(), { ...(stepScenarios[0] as Scenario), ends: 'failed' }, new Plan(undefined, 1));
  const { outcome, lives } = await world.run();
  expect(outcome.instances['ROOT']).toMatchObject({ status: 'failed', error_code: 'WORKER_LOST', state: 'BEGUN' });
  expect(outcome.steps['ROOT:1:flaky']).toBe('step flaky failed attempt 1 null WORKER_LOST');
  report.push(`one commit a life: given up after ${lives} lives`);
});
