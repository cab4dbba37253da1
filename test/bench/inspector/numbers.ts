/** The one in the middle; not a number where there is none. */
export function middle(numbers: readonly number[]): number {
  return percentile(numbers, 50);
}

/** The nearest one that so many of a hundred do not exceed. */
export function percentile(numbers: readonly number[], percent: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? NaN;
}
