import * as fc from 'fast-check';
import { beforeAll, expect, test, vi } from 'vitest';
import { defineWorkflow } from '../../../src/index.ts';
import { buildMachine } from '../../core/generated/build.ts';
import { machineRun } from '../../core/generated/spec.ts';
import { Play } from './play.ts';

// SEED=… looks at other machines and lives; a failure prints its seed and the smallest life that shows it.
const SEED = Number(process.env['SEED'] ?? 20_260_301);
const RUNS = Number(process.env['RUNS'] ?? 500);
/** Lives of one machine. */
const LIVES = 4;

// XState warns of events for stopped actors.
beforeAll(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));

/** What the lives must have gone through, so that the test cannot pass by not looking. */
const WANTED = [
  ...['running', 'waiting', 'failed', 'scheduled', 'paused'].map((status) => `cancel of ${status}`),
  ...['running', 'waiting', 'failed', 'paused', 'done', 'cancelled'].map((status) => `rewind of ${status}`),
  ...['running', 'failed', 'paused'].map((status) => `skip of ${status}`),
  ...['running', 'waiting', 'failed', 'paused'].map((status) => `edit of ${status}`),
  ...['running', 'waiting', 'scheduled'].map((status) => `pause of ${status}`),
  'retry of failed',
  'unpause of paused',
  'send of waiting',
  'forks',
  'moments with timers',
  'moments with invocations',
  'moments with invocations that are over',
  'commits written twice',
  'crashes before a commit',
];

const life = fc.array(fc.nat(1_000_000_000), { minLength: 10, maxLength: 50 });
const machinesAndLives = fc.record({
  root: machineRun.map(({ root }) => root),
  controls: fc.constantFrom({}, { cancel: 'C' }, { resume: 'B' }, { cancel: 'C', resume: 'B' }),
  lives: fc.array(life, { minLength: LIVES, maxLength: LIVES }),
});
type Lived = typeof machinesAndLives extends fc.Arbitrary<infer T> ? T : never;

test(
  `${RUNS * LIVES} lives of generated machines, with operations, crashes and takeovers`,
  { timeout: 120_000 },
  async () => {
    const seen: Record<string, number> = {};
    const saw = (what: string): void => void (seen[what] = (seen[what] ?? 0) + 1);
    const live = async ({ root, controls, lives }: Lived) => {
      const machine = buildMachine(root, { notes: [], told: [] });
      const workflow = defineWorkflow({ machine, name: 'm', controls: controls as never });
      for (const choices of lives) {
        const play = new Play(workflow, saw);
        try {
          await play.run(choices);
          saw('lives');
        } catch (error) {
          (error as Error).message += `\n\nAfter\n${play.happened.join('\n')}\nof\n${JSON.stringify(machine.config)}`;
          throw error;
        }
      }
    };
    await fc.assert(fc.asyncProperty(machinesAndLives, live), { seed: SEED, numRuns: RUNS });
    console.info('operations', { seed: SEED, ...seen });
    expect(seen['lives']).toBeGreaterThanOrEqual(RUNS * LIVES);
    if (RUNS >= 500) expect(WANTED.filter((what) => (seen[what] ?? 0) <= 5)).toEqual([]);
  },
);
