import { beforeAll, expect, test, vi } from 'vitest';
import { Deadlines } from './deadlines.ts';

// SEED=… RUNS=1 repeats one.
const SEED = Number(process.env['SEED'] ?? 20_260_401);
const RUNS = Number(process.env['RUNS'] ?? 300);

const WANTED = ['taken before the deadline', 'taken though its notification was lost', 'too late', 'at the deadline'];

beforeAll(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));

test(
  `${RUNS} times, some start and send and others work: what was acknowledged before a deadline is taken before it, and at once`,
  { timeout: 120_000 },
  async () => {
    const seen: Record<string, number> = {};
    for (let seed = SEED; seed < SEED + RUNS; seed++) {
      await new Deadlines(seed, (what) => void (seen[what] = (seen[what] ?? 0) + 1)).run().catch((error: unknown) => {
        throw new Error(`SEED=${seed} RUNS=1: ${String(error)}`, { cause: error });
      });
    }
    expect(WANTED.filter((what) => (seen[what] ?? 0) <= 5)).toEqual([]);
  },
);
