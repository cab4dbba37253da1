import type { Check } from './verify/check.ts';
import { words } from './verify/check.ts';

const count = (value: number): string => value.toLocaleString('en');

/** Things and how often they happened, on lines of a bearable length. */
export function listed(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([what, times]) => `${count(times)} ${what}`);
  const lines: string[] = [''];
  for (const part of parts) {
    const last = lines.at(-1) as string;
    if (last === '') lines[lines.length - 1] = part;
    else if (last.length + part.length > 90) lines.push(part);
    else lines[lines.length - 1] = `${last}, ${part}`;
  }
  return lines.join('\n            ');
}

/** The checks as a table, with the first breaches of each in words below it. */
export function table(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const line = (name: string, looked: string, breaches: string): string =>
    `  ${name.padEnd(width)}  ${looked.padStart(10)}  ${breaches.padStart(8)}`;
  return [
    line('check', 'looked at', 'breaches'),
    line('-'.repeat(width), '-'.repeat(10), '-'.repeat(8)),
    ...checks.map(({ name, looked, breaches }) =>
      line(name, count(looked), breaches.length === 0 ? '0' : `${count(breaches.length)} !`),
    ),
    ...checks.flatMap((check) => words(check).map((words_) => `  ${words_}`)),
  ].join('\n');
}
