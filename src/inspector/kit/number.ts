const FORMAT = new Intl.NumberFormat();
const PERCENT = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });

/** `12,345` */
export function number(value: number): string {
  return FORMAT.format(value);
}

/** `2.5%` */
export function percent(value: number): string {
  return PERCENT.format(value);
}
