import type postgres from 'postgres';

/** Metrics of a user: so many rows of a thousand pins, each with a title. */
export async function fillMetrics(sql: postgres.Sql, userId: string, rows: number): Promise<void> {
  await sql`
    insert into winner_refresh.pins (user_id, pin_id, title, url, created_at)
    select ${userId}, 'pin-' || lpad(n::text, 4, '0'), 'Quote No. ' || n || ', "framed"', 'https://pins.example/' || n, '2026-01-01Z'
    from generate_series(0, least(999, ${rows}::int - 1)) n`;
  await sql`
    insert into winner_refresh.pin_metrics (user_id, pin_id, day, impressions, saves, clicks, recorded_at)
    select ${userId}, 'pin-' || lpad((n % 1000)::text, 4, '0'), date '2020-01-01' + n / 1000, 1000 + n % 977, n % 89, n % 31, '2026-01-02Z'
    from generate_series(0, ${rows}::int - 1) n`;
  await sql`analyze winner_refresh.pin_metrics, winner_refresh.pins`;
}
