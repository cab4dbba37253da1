import postgres from 'postgres';

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
  return {
    read: async () => {
      const rows = await sql<{ id: string; at: Date }[]>`select id, at from durachart.ended_sessions`;
      return new Map(rows.map(({ id, at }) => [id, at]));
    },
    add: async (id, since) => {
      await sql`
        with old as (delete from durachart.ended_sessions where at < ${since} and id <> ${id})
        insert into durachart.ended_sessions (id, at) values (${id}, ${new Date()})
        on conflict (id) do update set at = excluded.at`;
    },
    close: async () => sql.end({ timeout: 5 }),
  };
}
