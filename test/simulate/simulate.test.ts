import { beforeAll, expect, test, vi } from 'vitest';
import { Life } from './life.ts';

// SEED=… looks at other programs and other lives; `npm run simulate -- --runs 1 --seed …` repeats one alone.
const SEED = Number(process.env['SEED'] ?? 20_260_301);
const RUNS = Number(process.env['RUNS'] ?? 300);

/** What the lives must have gone through, so that the test cannot pass by not looking. */
const COUNTED = ['steps', 'timers', 'waits', 'heard', 'children'].map((what) => `counted: ${what}`);
const WANTED = [
  'questions lost',
  'answers lost',
  'processes killed',
  'killed with the answer on its way',
  'processes that stood still',
  'sessions lost',
  'clocks that jumped',
  'databases that went away',
  ...COUNTED,
];

// XState warns of events for stopped actors.
beforeAll(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));

test(
  `${RUNS} small programs whose processes die, stand still and lose what they ask: every counter is exact`,
  { timeout: 60_000 },
  async () => {
    const seen: Record<string, number> = {};
    const saw = (what: string): void => void (seen[what] = (seen[what] ?? 0) + 1);
    for (let run = 0; run < RUNS; run++) {
      await new Life(SEED + run, saw).run().catch((error: unknown) => {
        throw new Error(`Seed ${SEED + run}: ${String(error)}`, { cause: error });
      });
    }
    expect((seen['lives'] ?? 0) + (seen['given up after five deaths under one step'] ?? 0)).toBe(RUNS);
    expect(WANTED.filter((what) => (seen[what] ?? 0) <= 5)).toEqual([]);
  },
);
