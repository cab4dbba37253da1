import { paint, type Color, type Terminal } from './terminal.ts';
import { pad, plain, truncate, width } from './text.ts';

export interface Column {
  title: string;
  align?: 'left' | 'right';
  /** May be cut down to so many characters when the terminal is narrow; the widest such column goes first. */
  shrink?: number;
}

export type Cell = string | { text: string; color?: Color | undefined };

const GAP = '  ';
/** No column is narrower. */
const MIN = 3;

/** Prints rows in columns, as wide as they need to be and no wider than the terminal. Cells may hold any text. */
export function printTable(terminal: Terminal, columns: readonly Column[], rows: readonly (readonly Cell[])[]): void {
  const texts = rows.map((row) => row.map((cell) => plain(typeof cell === 'string' ? cell : cell.text)));
  const widths = fit(
    columns,
    columns.map(({ title }, i) => Math.max(width(title), ...texts.map((row) => width(row[i] ?? '')))),
    terminal.columns(),
  );
  const line = (cells: readonly string[], color: (i: number) => Color | undefined): string =>
    cells
      .map((text, i) => {
        const wide = widths[i] ?? 0;
        const cut = truncate(text, wide);
        // No blanks at the end of a line.
        const last = i === cells.length - 1 && columns[i]?.align !== 'right';
        const padded = last ? cut : pad(cut, wide, columns[i]?.align);
        return paint(terminal, color(i), padded);
      })
      .join(GAP)
      .trimEnd();
  terminal.out(
    `${line(
      columns.map(({ title }) => title),
      () => 'dim',
    )}\n`,
  );
  rows.forEach((row, r) => {
    const colorOf = (i: number): Color | undefined => {
      const cell = row[i];
      return typeof cell === 'object' ? cell.color : undefined;
    };
    terminal.out(`${line(texts[r] ?? [], colorOf)}\n`);
  });
}

/** Prints names and values under each other; values that are undefined or empty are left out. */
export function printFields(
  terminal: Terminal,
  fields: readonly (readonly [name: string, value: Cell | undefined])[],
): void {
  const shown = fields.filter(
    ([, value]) => value !== undefined && (typeof value === 'string' ? value : value.text) !== '',
  );
  const wide = Math.max(...shown.map(([name]) => width(name)));
  for (const [name, value] of shown) {
    const { text, color } = typeof value === 'object' ? value : { text: value ?? '', color: undefined };
    terminal.out(`${paint(terminal, 'dim', pad(name, wide))}${GAP}${paint(terminal, color, plain(text))}\n`);
  }
}

function fit(columns: readonly Column[], widths: number[], available: number | undefined): number[] {
  if (available === undefined) return widths;
  let over = widths.reduce((sum, each) => sum + each, 0) + GAP.length * (columns.length - 1) - available;
  while (over > 0) {
    let widest = -1;
    columns.forEach(({ shrink }, i) => {
      const mine = widths[i] ?? 0;
      if (shrink !== undefined && mine > shrink && mine > (widths[widest] ?? 0)) widest = i;
    });
    // Nothing is left to shrink: the columns at the right are cut, so that each row stays one line.
    if (widest < 0) widest = widths.findLastIndex((mine) => mine > MIN);
    if (widest < 0) return widths;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over--;
  }
  return widths;
}
