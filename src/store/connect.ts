import postgres from 'postgres';
import { ARRAY_TYPES } from './array-types.ts';
import { serverUrl } from './server-url.ts';

export interface ConnectOptions extends Pick<postgres.Options<never>, 'max' | 'idle_timeout' | 'onclose'> {
  /** What it is for, as `pg_stat_activity` shows it. */
  role: string;
  /** With which its sessions begin. */
  settings: Readonly<Record<string, string>>;
}

/**
 * A client of Postgres; it connects when it is first used.
 * @param url postgres://user:password@host:port/database. Settings of the server in its query apply where `settings` has no other value
 */
export function connect(url: string, { role, settings, ...options }: ConnectOptions): postgres.Sql {
  return postgres(withoutSettings(serverUrl(url), settings), {
    onnotice: () => {},
    connect_timeout: 10,
    max_lifetime: null,
    backoff: () => 0.25,
    fetch_types: false,
    types: ARRAY_TYPES,
    ...options,
    connection: { application_name: `durachart ${role}`, ...settings },
  });
}

/** postgres.js lets the URL's query outrank the options of the connection. */
function withoutSettings(url: string, settings: Readonly<Record<string, string>>): string {
  const [address = '', query] = url.split(/\?(.*)/s);
  if (query === undefined) return url;
  const kept = [...new URLSearchParams(query)].filter(([name]) => !Object.hasOwn(settings, name.toLowerCase()));
  return kept.length === 0 ? address : `${address}?${new URLSearchParams(kept).toString()}`;
}
