import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLane, type Lane } from './lane.ts';
import { modesOf, Plan, type Mode, type Point } from './plan.ts';
import { World, type Run, type Scenario } from './world.ts';

const LANES = Math.max(4, availableParallelism() * 2);

/** What a file of scenarios shares: databases to run them in, and lines to be printed at its end. */
export interface Enumeration {
  lane: () => Lane;
  report: string[];
}

/** Shows of each scenario that a crash at any write leaves no trace. @param modes what goes wrong with a kind of write */
export function enumerate(scenarios: readonly Scenario[], modes: (label: string) => Mode[] = modesOf): Enumeration {
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

  describe.each([...scenarios])('$name', (scenario) => {
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
        const [mode, ...others] = modes(label) as [Mode, ...Mode[]];
        // Until the point is no longer reached: how many there are depends on what shares a commit.
        for (let nth = 0; nth < count + 5 && (await comesTo(lane, { label, nth, mode })); nth++) {
          rest.push(...others.map((other) => ({ label, nth, mode: other })));
        }
      });
      await onLanes(rest, async (lane, point) => void (await comesTo(lane, point)));
      report.push(`${scenario.name}: ${points} crash points`);
      expect(wrong).toEqual([]);
    });

    test('ends the same when every process lives for a few commits', async () => {
      const reference = await new World(lanes[0] as Lane, scenario, new Plan()).run();
      const run = await new World(lanes[0] as Lane, scenario, new Plan(undefined, scenario.perLife ?? 2)).run();
      check(run, reference, run.lives - 1, scenario.optional);
      report.push(`${scenario.name}: the same after ${run.lives} lives`);
    });
  });

  return { lane: () => lanes[0] as Lane, report };
}

const wordsOf = ({ label, nth, mode }: Point): string => `${mode} ${label} #${nth}`;

/** A run that went wrong somewhere has come to the same as one that did not. */
function check(run: Run, reference: Run, extra: number, optional: readonly string[] = []): void {
  const compared = ({ outcome }: Run): Run['outcome'] => {
    const steps = { ...outcome.steps };
    for (const key of optional) steps[key] = (steps[key] ?? '').replace(/ attempt \d+/, '');
    return { ...outcome, steps };
  };
  expect(compared(run)).toEqual({ ...compared(reference), leftovers: [] });
  const known = (calls: Run['calls']): string[] =>
    [...calls.keys()].filter((key) => !optional.includes(key)).toSorted();
  expect(known(run.calls)).toEqual(known(reference.calls));
  const more = [...run.calls].filter(([key, calls]) => calls > (reference.calls.get(key) ?? 1) + extra);
  expect(more).toEqual([]);
}

/** What differs, which the message alone does not say. */
function detail(error: unknown): string {
  const { message, actual, expected } = error as { message: string; actual?: object; expected?: object };
  if (actual === undefined || expected === undefined) return message;
  const found = Object.entries(actual).map(([part, value]) => [part, JSON.stringify(value)] as const);
  const wanted = new Map(Object.entries(expected).map(([part, value]) => [part, JSON.stringify(value)]));
  const other = found.filter(([part, value]) => value !== wanted.get(part));
  return other.map(([part, value]) => `${part} ${value}\ninstead of ${wanted.get(part)}`).join('\n');
}
