import { stringify } from 'csv-stringify/sync';
import type { Job } from '../input.ts';
import type { Field } from '../sources.ts';
import { neutralise } from './neutralise.ts';

/** A file made of parts that were written one by one: `begin`, the parts with `between` between them, `end`. */
interface Format {
  extension: string;
  begin(names: readonly string[]): string;
  /** @param first whether these are the first rows of their part */
  rows(rows: readonly (readonly (string | null)[])[], columns: readonly Column[], first: boolean): string;
  between: string;
  end: string;
}

interface Column {
  name: string;
  field: Field;
}

/** By RFC 4180, every cell quoted. The byte order mark tells Excel that it is UTF-8. */
const csv: Format = {
  extension: 'csv',
  begin: (names) => `\u{feff}${lines([names])}`,
  rows: (rows, columns) =>
    lines(
      rows.map((row) =>
        row.map((cell, i) => (cell === null ? '' : columns[i]?.field.type === 'number' ? cell : neutralise(cell))),
      ),
    ),
  between: '',
  end: '',
};

/** An array of objects, one a line. */
const json: Format = {
  extension: 'json',
  begin: () => '[\n',
  rows: (rows, columns, first) =>
    rows.map((row, i) => `${first && i === 0 ? '' : ',\n'}${object(row, columns)}`).join(''),
  between: ',\n',
  end: '\n]\n',
};

export function formatOf({ format }: Job): Format {
  return format === 'csv' ? csv : json;
}

function lines(rows: readonly (readonly string[])[]): string {
  return stringify(rows as string[][], { quoted: true, record_delimiter: 'windows' });
}

/** Numbers as Postgres writes them: a bigint stays whole. */
function object(row: readonly (string | null)[], columns: readonly Column[]): string {
  const members = columns.map(({ name, field }, i) => {
    const cell = row[i] ?? null;
    const isNumber = field.type === 'number' && Number.isFinite(Number(cell));
    return `${JSON.stringify(name)}:${cell !== null && isNumber ? cell : JSON.stringify(cell)}`;
  });
  return `{${members.join(',')}}`;
}
