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
/** A call that is made very often is killed at its first so many times. */
const EACH = 2;

/** Kills a process at each call that it makes, and looks whether anything was lost. */
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

  test.each(scenarios)('$name', { timeout: 60_000 }, async (scenario) => {
    const stop = platform.keepSweeping();
    const engine = createEngine({
      database: lane.database.url,
      workflows: scenario.workflows as readonly Workflow[],
      artifacts: undefined as never,
      executor: 'trigger',
      onFault: () => {},
    });
    const wrong: string[] = [];
    let points = 0;
    try {
      const reference = await play(lane, scenario, engine as unknown as Engine, platform);
      const calls = [...(killer.counts.get(reference.root) ?? [])];
      // Before the first call of a kind, and after each.
      const jobs = calls.flatMap(([call, count]): KillPoint[] => [
        { call, nth: 0, phase: 'before' },
        ...Array.from({ length: Math.min(count, EACH) }, (_, nth): KillPoint => ({ call, nth, phase: 'after' })),
      ]);
      const work = async (): Promise<void> => {
        for (let point = jobs.shift(); point !== undefined; point = jobs.shift()) {
          const words = `${point.phase} ${point.call} #${point.nth}`;
          try {
            const { outcome, root } = await play(lane, scenario, engine as unknown as Engine, platform, (id) =>
              killer.aim(id, point as KillPoint),
            );
            if (killer.hit(root)) points++;
            expect(
              differences(comparable(outcome, scenario.optional), comparable(reference.outcome, scenario.optional)),
            ).toEqual([]);
          } catch (error) {
            wrong.push(`${words}: ${String((error as { actual?: unknown }).actual ?? (error as Error).message)}`);
          }
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    } finally {
      stop();
      await engine.stop();
    }
    expect(wrong).toEqual([]);
    expect(points).toBeGreaterThan(10);
  });
}
