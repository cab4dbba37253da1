/** A field that can be exported. `sql` is ours alone: nothing in it comes from an input. */
export interface Field {
  sql: string;
  /** Numbers stay numbers: JSON does not quote them, and no spreadsheet takes them for a formula. */
  type: 'text' | 'number';
}

/** What an export type reads. Names and SQL are written here; an input only chooses among them. */
export interface Source {
  from: string;
  /** Column that says whose a row is. */
  user: string;
  /** Day of a row (UTC), for the date range. */
  day: string;
  /** Columns that are unique within a user, in the order of an index: rows are read in it, and go on after it. */
  key: readonly { sql: string; cast: 'date' | 'text' | 'int' }[];
  fields: Readonly<Record<string, Field>>;
}

const text = (sql: string): Field => ({ sql, type: 'text' });
const number = (sql: string): Field => ({ sql, type: 'number' });
const time = (sql: string): Field => text(`to_char(${sql} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`);
const utcDay = (sql: string): string => `(${sql} at time zone 'utc')::date`;

export const SOURCES = {
  'pin-metrics': {
    from: 'winner_refresh.pin_metrics m left join winner_refresh.pins p on p.user_id = m.user_id and p.pin_id = m.pin_id',
    user: 'm.user_id',
    day: 'm.day',
    key: [
      { sql: 'm.day', cast: 'date' },
      { sql: 'm.pin_id', cast: 'text' },
    ],
    fields: {
      day: text('m.day'),
      pinId: text('m.pin_id'),
      title: text('p.title'),
      impressions: number('m.impressions'),
      saves: number('m.saves'),
      clicks: number('m.clicks'),
      recordedAt: time('m.recorded_at'),
    },
  },
  pins: {
    from: 'winner_refresh.pins p',
    user: 'p.user_id',
    day: utcDay('p.created_at'),
    key: [{ sql: 'p.pin_id', cast: 'text' }],
    fields: {
      pinId: text('p.pin_id'),
      title: text('p.title'),
      url: text('p.url'),
      createdAt: time('p.created_at'),
    },
  },
  winners: {
    from: 'winner_refresh.winners w left join winner_refresh.pins p on p.user_id = w.user_id and p.pin_id = w.pin_id',
    user: 'w.user_id',
    day: utcDay('w.since'),
    key: [
      { sql: 'w.rank', cast: 'int' },
      { sql: 'w.pin_id', cast: 'text' },
    ],
    fields: {
      rank: number('w.rank'),
      pinId: text('w.pin_id'),
      title: text('p.title'),
      score: number('w.score'),
      since: time('w.since'),
    },
  },
} as const satisfies Record<string, Source>;

export type ExportType = keyof typeof SOURCES;
export const EXPORT_TYPES = Object.keys(SOURCES) as [ExportType, ...ExportType[]];

/** What an export type reads. */
export function sourceOf(type: ExportType): Source {
  return SOURCES[type];
}
