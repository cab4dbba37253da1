import type postgres from 'postgres';

/**
 * Arrays as the driver reads and writes them. It could ask the server for their types on each new connection, but when
 * that connection breaks while it asks, the rejection is nobody's and takes the process down (postgres.js 3.4.9).
 */
export const ARRAY_TYPES: Record<string, postgres.PostgresType> = {
  text: arrayType([1009, 1015, 1002, 1003], (text) => text),
  uuid: arrayType([2951], (text) => text),
  bool: arrayType([1000], (text) => text === 't'),
  number: arrayType([1005, 1007, 1021, 1022], Number),
  // Wider than a number: text, as the driver has single ones.
  bigint: arrayType([1016, 1231], (text) => text),
  json: arrayType(
    [199, 3807],
    (text) => JSON.parse(text) as unknown,
    (value) => JSON.stringify(value),
  ),
  date: arrayType([1115, 1182, 1185], (text) => new Date(text)),
};

function arrayType(
  from: number[],
  parse: (text: string) => unknown,
  write: (value: unknown) => string = writeItem,
): postgres.PostgresType {
  return {
    to: from[0] as number,
    from,
    serialize: (value: unknown) => writeArray(value, write),
    parse: (text: string) => new ArrayReader(text, parse).read(),
  };
}

function writeItem(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}

function writeArray(value: unknown, write: (value: unknown) => string): string {
  if (!Array.isArray(value)) return write(value);
  const items = value.map((item: unknown) => {
    if (item === null || item === undefined) return 'NULL';
    return Array.isArray(item) ? writeArray(item, write) : `"${write(item).replaceAll(/[\\"]/g, String.raw`\$&`)}"`;
  });
  return `{${items.join(',')}}`;
}

/** Reads Postgres's notation: `{a,"b c",NULL,{d}}`. */
class ArrayReader {
  private readonly text: string;
  private readonly parse: (text: string) => unknown;
  private at: number;

  constructor(text: string, parse: (text: string) => unknown) {
    this.text = text;
    this.parse = parse;
    // Bounds other than from 1 stand before it: `[0:1]={a,b}`.
    this.at = text.indexOf('{');
  }

  read(): unknown[] {
    const items: unknown[] = [];
    this.at++;
    while (this.text[this.at] !== '}' && this.at < this.text.length) {
      items.push(this.item());
      if (this.text[this.at] === ',') this.at++;
    }
    this.at++;
    return items;
  }

  private item(): unknown {
    if (this.text[this.at] === '{') return this.read();
    if (this.text[this.at] === '"') return this.parse(this.quoted());
    const start = this.at;
    while (this.at < this.text.length && !',}'.includes(this.text[this.at] as string)) this.at++;
    const bare = this.text.slice(start, this.at);
    return bare === 'NULL' ? null : this.parse(bare);
  }

  private quoted(): string {
    let value = '';
    for (this.at++; this.text[this.at] !== '"' && this.at < this.text.length; this.at++) {
      if (this.text[this.at] === '\\') this.at++;
      value += this.text[this.at] ?? '';
    }
    this.at++;
    return value;
  }
}
