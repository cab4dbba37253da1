import { outspoken } from '../engine/unavailable.ts';
import { connect } from './connect.ts';
import { isTransient } from './transient.ts';
import { OWN_SETTINGS } from './session-settings.ts';

/** Browsers' sessions that were ended before their time: what the HTTP API keeps of them. */
export function createEndedSessions(url: string): {
  read(): Promise<ReadonlyMap<string, Date>>;
  add(id: string, since: Date): Promise<void>;
  close(): Promise<void>;
} {
  const sql = connect(url, { role: 'sessions', settings: OWN_SETTINGS, max: 1, idle_timeout: 30 });
  const sessions = {
    read: async (): Promise<ReadonlyMap<string, Date>> => {
      const rows = await sql<{ id: string; at: Date }[]>`select id, at from durachart.ended_sessions`;
      return new Map(rows.map(({ id, at }) => [id, at]));
    },
    add: async (id: string, since: Date): Promise<void> => {
      await sql`
        with old as (delete from durachart.ended_sessions where at < ${since} and id <> ${id})
        insert into durachart.ended_sessions (id, at) values (${id}, ${new Date()})
        on conflict (id) do update set at = excluded.at`;
    },
    close: async () => sql.end({ timeout: 5 }),
  };
  return outspoken(sessions, isTransient);
}
