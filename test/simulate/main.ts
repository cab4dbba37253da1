import { parseArgs } from 'node:util';
import { Life } from './life.ts';

const USAGE = 'npm run simulate -- [--runs N] [--seed N]     default: 2,000 runs, a seed by the time of day';

/** Lives of small programs, one after the other, each by a seed of its own. Ends with 1 at the first that goes wrong, and says how to repeat it. */
function options(): { runs: number; seed: number } {
  try {
    const { values } = parseArgs({ options: { runs: { type: 'string' }, seed: { type: 'string' } } });
    const { runs = '2000', seed = String(Date.now() % 1_000_000) } = values;
    if (![runs, seed].every((text) => /^\d{1,9}$/.test(text))) throw new Error('Runs and seed are whole numbers.');
    return { runs: Number(runs), seed: Number(seed) };
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}

const { runs, seed } = options();
console.warn = () => {};
const began = Date.now();
const seen: Record<string, number> = {};
const saw = (what: string): void => void (seen[what] = (seen[what] ?? 0) + 1);
console.log(`simulate, seed ${seed}: ${runs.toLocaleString('en')} small programs`);
for (let run = 0; run < runs; run++) {
  try {
    await new Life(seed + run, saw).run();
  } catch (error) {
    console.error(
      `Run ${run} of seed ${seed} goes wrong. Alone: npm run simulate -- --runs 1 --seed ${seed + run}\n`,
      error,
    );
    process.exit(1);
  }
  if ((run + 1) % 5_000 === 0)
    console.log(`  ${(run + 1).toLocaleString('en')} after ${Math.round((Date.now() - began) / 1_000)} s`);
}
for (const [what, times] of Object.entries(seen).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  console.log(`  ${times.toLocaleString('en').padStart(10)}  ${what}`);
console.log(`Every counter is exact. Seed ${seed}, ${Math.round((Date.now() - began) / 1_000)} s.`);
