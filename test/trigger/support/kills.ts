import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../../src/create-engine.ts';
import type { MachinePreset } from '../../../src/core/step.ts';
import type { Engine, Workflow } from '../../../src/index.ts';
import { openLane, type Lane } from '../../proof/lane.ts';
import type { Scenario } from '../../proof/world.ts';
import { Killer, type KillPoint } from './mortal.ts';
import { Platform } from './platform.ts';
import { comparable, differences, play } from './play.ts';

/** Runs of one scenario at a time. */
const AT_ONCE = 6;
/** A run that takes longer has lost something. */
const LONGEST = 40_000;
/** Of the points, those that must be come to: where a timer and a driver meet, not each run makes the same calls. */
const MOST = 0.6;

/**
 * Kills a process at each call that it makes, and looks whether anything was lost.
 *
 * Enumerated are, for each scenario, all calls that its drivers and steps make to the platform (trigger, retrieve, cancel)
 * and to the store in an undisturbed run, each by its name and number; of two such runs, what both of them make. At each
 * the process that makes it is killed once before the call goes out and, unless it only reads, once after its answer, each in a run of its own.
 * The calls of the sweep, and those of whoever starts and sends, are not: the sweep comes again, and the others hold nothing.
 */
export function killEverywhere(scenarios: readonly Scenario[], machinePreset: MachinePreset): void {
  const killer = new Killer();
  let lane: Lane;
  let platform: Platform;
  beforeAll(async () => {
    lane = await openLane();
    platform = await Platform.start(lane.database, {
      workflows: scenarios.map(({ workflows }) => workflows),
      machinePreset,
      keep: 0,
      storeOf: (process) => killer.store(lane, process),
    });
    killer.host = platform.host;
    platform.host.intercept = async (name, call) => killer.around(name, call);
  });
  afterAll(async () => {
    await platform.stop();
    await lane.close();
  });

  test.each(scenarios)('$name', { timeout: 120_000 }, async (scenario) => {
    const engine = createEngine({
      database: lane.database.url,
      workflows: scenario.workflows as readonly Workflow[],
      artifacts: undefined as never,
      executor: 'trigger',
      onFault: () => {},
    });
    const wrong: string[] = [];
    const missed: KillPoint[] = [];
    // Seldom at first: the sweep’s drivers make calls of their own.
    let stop = platform.keepSweeping(1_000);
    let points: KillPoint[] = [];
    try {
      const reference = await play(lane, scenario, engine as unknown as Engine, platform);
      const second = await play(lane, scenario, engine as unknown as Engine, platform);
      points = pointsOf(killer.callsOf(reference.root), killer.callsOf(second.root));
      stop();
      stop = platform.keepSweeping();
      /** Whether the point was come to. */
      const kill = async (point: KillPoint): Promise<boolean> => {
        const { outcome, root } = await Promise.race([
          play(lane, scenario, engine as unknown as Engine, platform, (id) => killer.aim(id, point)),
          setTimeout(LONGEST, undefined, { ref: false }).then(() => {
            throw new Error('It does not come to its end.');
          }),
        ]);
        expect(
          differences(comparable(outcome, scenario.optional), comparable(reference.outcome, scenario.optional)),
        ).toEqual([]);
        return killer.hit(root);
      };
      const killAtEach = async (jobs: KillPoint[], atOnce: number): Promise<void> => {
        const work = async (): Promise<void> => {
          for (let point = jobs.shift(); point !== undefined; point = jobs.shift()) {
            try {
              if (!(await kill(point))) missed.push(point);
            } catch (error) {
              wrong.push(
                `${words(point)}: ${String((error as { actual?: unknown }).actual ?? (error as Error).message)}`,
              );
            }
          }
        };
        await Promise.all(Array.from({ length: atOnce }, work));
      };
      await killAtEach([...points], AT_ONCE);
      if (points.length - missed.length < points.length * MOST) {
        // Many at once, on a machine that has other things to do, are slower than the timers that they wait for.
        stop();
        stop = platform.keepSweeping(1_000);
        await killAtEach(missed.splice(0), AT_ONCE / 3);
      }
    } finally {
      stop();
      await engine.stop();
    }
    expect(wrong).toEqual([]);
    const reached = points.length - missed.length;
    expect(reached, `not come to: ${missed.map(words).join(', ')}`).toBeGreaterThanOrEqual(points.length * MOST);
    expect(reached).toBeGreaterThan(20);
  });
}

function words({ phase, call, nth }: KillPoint): string {
  return `${phase} ${call} #${nth}`;
}

const READS = new Set(['assignment', 'free', 'openRuns', 'pauses', 'reload']);

/** Before and after each call that both make. */
function pointsOf(first: ReadonlyMap<string, number>, second: ReadonlyMap<string, number>): KillPoint[] {
  return [...first].flatMap(([call, count]) =>
    Array.from({ length: Math.min(count, second.get(call) ?? 0) }, (_, nth) => nth).flatMap((nth): KillPoint[] => [
      { call, nth, phase: 'before' },
      // After a read nothing has changed: that is before the next call.
      ...(READS.has(call) ? [] : [{ call, nth, phase: 'after' as const }]),
    ]),
  );
}
