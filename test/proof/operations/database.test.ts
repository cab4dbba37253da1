import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { machineRun } from '../../core/generated/spec.ts';
import { openLane, type Lane } from '../lane.ts';
import { seeded } from '../random.ts';
import { World } from '../world.ts';
import { checkEnd } from './sound.ts';
import { exact, plain, RandomCrashes, wildScenario } from './wild.ts';
import { wildWorkflow } from './wild-workflow.ts';

// SEED=… looks at other machines and other lives; a failure names the run, which RUN=… repeats alone.
const SEED = Number(process.env['SEED'] ?? 20_260_301);
const RUNS = Number(process.env['RUNS'] ?? 60);
const ONLY = process.env['RUN'];
const LANES = 4;

const lanes: Lane[] = [];
beforeAll(async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  lanes.push(...(await Promise.all(Array.from({ length: LANES }, openLane))));
});
afterAll(async () => {
  await Promise.all(lanes.map((lane) => lane.close()));
});

test(
  `${RUNS} instances of generated machines, operated on while their processes die`,
  { timeout: 180_000 },
  async () => {
    const seen: Record<string, number> = {};
    const saw = (what: string, times = 1): void => void (seen[what] = (seen[what] ?? 0) + times);
    const roots = fc.sample(machineRun, { seed: SEED, numRuns: RUNS * 2 }).map(({ root }) => root);
    const workflows = roots.flatMap((root, number) => {
      const workflow = wildWorkflow(root, number, number % 2 === 0 ? exact : plain);
      return workflow === undefined ? [] : [{ workflow, number }];
    });
    const left = workflows.slice(0, RUNS).filter(({ number }) => ONLY === undefined || String(number) === ONLY);
    const wrong: string[] = [];
    await Promise.all(
      lanes.map(async (lane) => {
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          const { workflow, number } = next;
          const plan = new RandomCrashes(seeded(SEED * 31 + number));
          const world = new World(lane, wildScenario(workflow, seeded(SEED + number), saw), plan);
          try {
            const { calls, lives } = await world.run();
            const { transitions, effects } = await checkEnd(lane.sql, world.root, workflow, calls);
            saw('runs');
            saw('transitions', transitions);
            saw('effects', effects);
            saw('lives', lives);
            for (const [mode, times] of Object.entries(plan.modes)) saw(mode, times);
          } catch (error) {
            wrong.push(`run ${number}: ${String(error).slice(0, 3_000)}`);
          }
        }
      }),
    );
    console.info('operations on the database', { seed: SEED, ...seen });
    expect(wrong).toEqual([]);
    if (ONLY === undefined) expect(seen['runs']).toBe(RUNS);
  },
);
