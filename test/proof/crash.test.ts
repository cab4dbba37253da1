import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLane, type Lane } from './lane.ts';
import { modesOf, Plan, type Mode, type Point } from './plan.ts';
import { childScenarios } from './scenarios/children.ts';
import { stepScenarios } from './scenarios/steps.ts';
import { timerScenarios } from './scenarios/timers.ts';
import { videoScenario } from './scenarios/video.ts';
import { World, type Run, type Scenario } from './world.ts';

const LANES = Math.max(4, availableParallelism() * 2);
const lanes: Lane[] = [];
const report: string[] = [];

beforeAll(async () => {
  lanes.push(...(await Promise.all(Array.from({ length: LANES }, openLane))));
});
afterAll(async () => {
  await Promise.all(lanes.map((lane) => lane.close()));
  console.log(report.join('\n'));
});

/** Does jobs on all lanes, one at a time on each. */
async function onLanes<T>(jobs: readonly T[], work: (lane: Lane, job: T) => Promise<void>): Promise<void> {
  const left = [...jobs];
  await Promise.all(
    lanes.map(async (lane) => {
      for (let job = left.shift(); job !== undefined; job = left.shift()) await work(lane, job);
    }),
  );
}

const wordsOf = ({ label, nth, mode }: Point): string => `${mode} ${label} #${nth}`;

describe.each([...stepScenarios, ...timerScenarios, ...childScenarios, videoScenario])('$name', (scenario) => {
  test('survives a crash at every write', { timeout: 60_000 }, async () => {
    const reference = await new World(lanes[0] as Lane, scenario, new Plan()).run();
    const again = new Plan();
    await new World(lanes[0] as Lane, scenario, again).run();
    let points = 0;
    const wrong: string[] = [];
    /** Runs with one thing gone wrong; whether the run came to it. */
    const comesTo = async (lane: Lane, point: Point): Promise<boolean> => {
      const plan = new Plan(point);
      try {
        const run = await new World(lane, scenario, plan).run();
        if (plan.hit) points++;
        const mayRepeat = point.mode.startsWith('crash') || point.label.startsWith('transactional');
        check(run, reference, mayRepeat ? 1 : 0, scenario.optional);
      } catch (error) {
        wrong.push(`${wordsOf(point)}: ${detail(error)}`);
      }
      return plan.hit;
    };
    const rest: Point[] = [];
    await onLanes([...again.counts], async (lane, [label, count]) => {
      const [mode, ...others] = modesOf(label) as [Mode, ...Mode[]];
      // Until the point is no longer reached: how many there are depends on what shares a commit.
      for (let nth = 0; nth < count + 5 && (await comesTo(lane, { label, nth, mode })); nth++) {
        rest.push(...others.map((other) => ({ label, nth, mode: other })));
      }
    });
    await onLanes(rest, async (lane, point) => void (await comesTo(lane, point)));
    report.push(`${scenario.name}: ${points} crash points`);
    expect(wrong).toEqual([]);
  });

  test('ends the same when every process lives for two commits', async () => {
    const reference = await new World(lanes[0] as Lane, scenario, new Plan()).run();
    const run = await new World(lanes[0] as Lane, scenario, new Plan(undefined, 2)).run();
    check(run, reference, run.lives - 1, scenario.optional);
    report.push(`${scenario.name}: the same after ${run.lives} lives`);
  });
});

test('a step under which every process dies at once is taken for the cause of it', { timeout: 60_000 }, async () => {
  // With one commit a life, the commit that says that a step runs is always the last.
  const world = new World(
    lanes[0] as Lane,
    { ...(stepScenarios[0] as Scenario), ends: 'failed' },
    new Plan(undefined, 1),
  );
  const { outcome, lives } = await world.run();
  expect(outcome.instances['ROOT']).toMatchObject({ status: 'failed', error_code: 'WORKER_LOST', state: 'BEGUN' });
  expect(outcome.steps['ROOT:1:flaky']).toBe('step flaky failed attempt 1 null WORKER_LOST');
  report.push(`one commit a life: given up after ${lives} lives`);
});

/** A run that went wrong somewhere has come to the same as one that did not. */
function check(run: Run, reference: Run, extra: number, optional: readonly string[] = []): void {
  expect(run.outcome).toEqual({ ...reference.outcome, leftovers: [] });
  const known = (calls: Run['calls']): string[] =>
    [...calls.keys()].filter((key) => !optional.includes(key)).toSorted();
  expect(known(run.calls)).toEqual(known(reference.calls));
  const more = [...run.calls].filter(([key, calls]) => calls > (reference.calls.get(key) ?? 1) + extra);
  expect(more).toEqual([]);
}

/** What differs, which the message alone does not say. */
function detail(error: unknown): string {
  const { message, actual, expected } = error as { message: string; actual?: unknown; expected?: unknown };
  return actual === undefined
    ? message
    : `${message}\n${JSON.stringify(actual)}\ninstead of\n${JSON.stringify(expected)}`;
}
