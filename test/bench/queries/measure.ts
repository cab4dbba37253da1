import type postgres from 'postgres';
import { createReader } from '../../../src/store/reader.ts';
import { Connections } from '../../../src/store/transactions.ts';
import { planOf, type Plan } from './plan.ts';
import type { Query } from './queries.ts';

/** What became of a query. */
export interface Line {
  name: string;
  p50: number;
  worst: number;
  rows: number;
  plans: Plan[];
}

/** Runs a query so many times, and asks for the plans of what it asked. */
export async function measure(sql: postgres.Sql, query: Query, runs: number): Promise<Line> {
  const asked = new Map<string, readonly unknown[]>();
  const unsafe = (text: string, values: never[] = []) => {
    asked.set(text, values);
    return sql.unsafe(text, values);
  };
  const told = new Proxy(sql, { get: (target, key) => (key === 'unsafe' ? unsafe : Reflect.get(target, key)) });
  const reader = createReader({ pool: told, health: told, snapshots: new Connections(() => told, 1) });
  const times: number[] = [];
  let rows = 0;
  for (let run = -1; run < runs; run++) {
    const began = performance.now();
    rows = (await query.run(reader, told)).length;
    // The first run fills the caches.
    if (run >= 0) times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const plans: Plan[] = [];
  for (const [text, values] of asked) plans.push(await planOf(sql, text, values));
  return { name: query.name, p50: times[Math.floor(runs / 2)] ?? 0, worst: times.at(-1) ?? 0, rows, plans };
}

/** Whether it reads a big table from one end to the other. */
export function isWhole({ plans }: Line): boolean {
  return plans.some(({ whole }) => whole.length > 0);
}

/** @param aim milliseconds beyond which a query is marked as slow */
export function print(title: string, lines: readonly Line[], aim: number): void {
  const width = Math.min(70, Math.max(...lines.map(({ name }) => name.length)));
  console.log(`\n${title.padEnd(width)}  p50 ms  worst    rows  indexes`);
  for (const line of lines) {
    const indexes = [...new Set(line.plans.flatMap((plan) => plan.indexes))].join(' ');
    const whole = line.plans.flatMap((plan) => plan.whole).join(' ');
    const name = line.name.replaceAll('durachart.', '');
    console.log(
      `${name.slice(0, width).padEnd(width)}  ${line.p50.toFixed(1).padStart(6)}  ${line.worst.toFixed(0).padStart(5)}  ${String(line.rows).padStart(6)}  ${indexes}${whole === '' ? '' : `  WHOLE: ${whole}`}${line.p50 > aim ? '  SLOW' : ''}`,
    );
  }
}
