import type { Period } from '../api/queries.ts';

/** How far back a page of statistics looks; it stands in the address. */
export const PERIODS: readonly (readonly [Period, string])[] = [
  ['1h', '1 hour'],
  ['1d', '1 day'],
  ['7d', '7 days'],
];

export const PERIOD_MS: Readonly<Record<Period, number>> = {
  '1h': 3_600_000,
  '1d': 86_400_000,
  '7d': 604_800_000,
  '30d': 2_592_000_000,
};

export function readPeriod(search: Record<string, unknown>): { period?: Period } {
  const found = PERIODS.find(([period]) => period === search['period'])?.[0];
  return found === undefined ? {} : { period: found };
}
