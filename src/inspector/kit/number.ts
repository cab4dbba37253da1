const FORMAT = new Intl.NumberFormat();
const PERCENT = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });

/** `12,345` */
export function number(value: number): string {
  return FORMAT.format(value);
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `1.5 MB`; a kB has 1,000 bytes. */
export function bytes(count: number): string {
  const unit = Math.min(UNITS.length - 1, count === 0 ? 0 : Math.floor(Math.log10(count) / 3));
  const value = count / 1_000 ** unit;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `2.5%` */
export function percent(value: number): string {
  return PERCENT.format(value);
}
