import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Limits } from '../../src/engine/limits.ts';
import { defineStep } from '../../src/index.ts';
import { useBench } from '../support/engine.ts';
import { oneStep } from '../support/machines.ts';

const bench = useBench();
const SEED = Number(process.env['FC_SEED'] ?? 20_270_101);

test('steps of one worker take turns, however many wait of one of them', async () => {
  const order: string[] = [];
  const free = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const step = (name: string) =>
    defineStep<unknown, null>({
      run: async () => {
        order.push(name);
        begun.resolve();
        await free.promise;
        return null;
      },
    });
  const names = ['turns-a', 'turns-b', 'turns-c'];
  const engine = await bench.worker(
    names.map((name) => oneStep(name, step(name))),
    { concurrency: 1 },
  );
  const ids: string[] = [];
  for (const [index, name] of names.entries()) {
    // The first one has very many, and they are in line before those of the others.
    const count = index === 0 ? 60 : 10;
    const started = await Promise.all(Array.from({ length: count }, () => engine.start(name, null)));
    ids.push(...started.map(({ id }) => id));
    if (index === 0) await begun.promise;
  }
  await expect
    .poll(async () => (await bench.sql`select from durachart.steps where status = 'queued'`).length)
    .toBe(ids.length - 1);
  free.resolve();
  await Promise.all(ids.map(async (id) => engine.result(id, { timeout: 20_000 })));
  const turns = order.slice(1, 31);
  for (const name of names) expect(turns.filter((each) => each === name)).toHaveLength(10);
  for (let n = 0; n + 3 <= 30; n += 3) expect(new Set(turns.slice(n, n + 3)).size).toBe(3);
});

/** What a line asks for: a place of the worker, of its step (or a key of it), of its queue. */
interface Asks {
  names: string[];
}
const LIMITS: Record<string, number> = { worker: 4, 'step 0': 1, 'step 1': 2, 'queue a': 2, 'queue b': 1 };
const limitOf = (name: string): number => LIMITS[name] ?? (name.startsWith('key') ? 1 : Infinity);
const lines: Asks[] = [
  { names: ['worker', 'step 0', 'queue a'] },
  { names: ['worker', 'step 1', 'queue a'] },
  { names: ['worker', 'step 2', 'queue a'] },
  { names: ['worker', 'step 3', 'queue b'] },
  { names: ['worker', 'step 4', 'queue b'] },
  { names: ['worker', 'step 5'] },
  { names: ['worker', 'step 6'] },
  { names: ['worker', 'key 1'] },
  { names: ['worker', 'key 2', 'queue a'] },
];
const doing = fc.oneof(
  { weight: 5, arbitrary: fc.record({ take: fc.nat(lines.length - 1), priority: fc.constantFrom(5, 5, 5, 5, 1, 9) }) },
  { weight: 4, arbitrary: fc.record({ release: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ leave: fc.nat(50) }) },
);

test('no limit is passed, no place stays empty, and nobody is served twice while another one could have been', () => {
  console.log(`FC_SEED=${SEED}`);
  const check = fc.property(fc.array(doing, { minLength: 20, maxLength: 400 }), (program) => {
    const limits = new Limits(limitOf, 'worker');
    const used = new Map<string, number>();
    const waiting: { line: number; priority: number; number: number; leave: () => void }[] = [];
    const running: number[] = [];
    /** For each line that waits, how often the others have been served while it could have been. */
    const passedOver = new Map<number, Map<number, number>>();
    let count = 0;
    const fits = (line: number): boolean =>
      (lines[line] as Asks).names.every((name) => (used.get(name) ?? 0) < limitOf(name));
    const firstOf = (line: number) =>
      waiting
        .filter((each) => each.line === line)
        .toSorted((a, b) => b.priority - a.priority || a.number - b.number)[0];
    const begin = (line: number, number: number): void => {
      const first = firstOf(line);
      // Within a line: priority, then order.
      expect(first?.number).toBe(number);
      const priority = first?.priority as number;
      for (const other of new Set(waiting.map((each) => each.line))) {
        if (other === line || !fits(other)) continue;
        const its = firstOf(other)?.priority as number;
        expect(its).toBeLessThanOrEqual(priority);
        if (its < priority) continue;
        const passed = passedOver.get(other) ?? new Map<number, number>();
        passedOver.set(other, passed.set(line, (passed.get(line) ?? 0) + 1));
        expect(passed.get(line), `line ${line} is served again before line ${other}`).toBe(1);
      }
      passedOver.delete(line);
      waiting.splice(
        waiting.findIndex((each) => each.number === number),
        1,
      );
      running.push(line);
      for (const name of (lines[line] as Asks).names) {
        used.set(name, (used.get(name) ?? 0) + 1);
        expect(used.get(name)).toBeLessThanOrEqual(limitOf(name));
      }
    };
    const take = (line: number, priority: number): void => {
      const entry = { line, priority, number: ++count, leave: () => {} };
      waiting.push(entry);
      entry.leave = limits.take((lines[line] as Asks).names, priority, () => begin(line, entry.number));
    };
    const release = (index: number): void => {
      const [line] = running.splice(index % running.length, 1) as [number];
      const { names } = lines[line] as Asks;
      for (const name of names) used.set(name, (used.get(name) as number) - 1);
      limits.release(names);
    };
    for (const step of program) {
      if ('take' in step) take(step.take, step.priority);
      else if ('release' in step && running.length > 0) release(step.release);
      else if ('leave' in step && waiting.length > 0) {
        const [entry] = waiting.splice(step.leave % waiting.length, 1);
        entry?.leave();
        if (waiting.every(({ line }) => line !== entry?.line)) passedOver.delete(entry?.line as number);
      }
      for (const { line } of waiting) expect(fits(line), `line ${line} waits for nothing`).toBe(false);
    }
    while (running.length > 0) release(0);
    expect(waiting).toEqual([]);
    expect(limits.size).toBe(0);
  });
  fc.assert(check, { numRuns: 400, seed: SEED });
});
