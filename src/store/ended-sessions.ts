import postgres from 'postgres';
import { outspoken } from '../engine/unavailable.ts';
import { isTransient } from './database.ts';

/** Browsers' sessions that were ended before their time: what the HTTP API keeps of them. */
export function createEndedSessions(url: string): {
  read(): Promise<ReadonlyMap<string, Date>>;
  add(id: string, since: Date): Promise<void>;
  close(): Promise<void>;
} {
  const sql = postgres(url, {
    max: 1,
    idle_timeout: 30,
    connect_timeout: 10,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: 'durachart sessions' },
  });
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
