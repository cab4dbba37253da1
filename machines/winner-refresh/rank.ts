import type { Transaction } from '../../src/index.ts';
import type { Job, Refreshed } from './input.ts';

/** How many winners a user has at most. */
const TOP = 10;
/** Days that count, today included. */
const DAYS = 28;
/** Quantile of the normal distribution for 95 %, both sides. */
const Z = 1.96;

/**
 * Ranks pins by the share of impressions that became a save or a click: not by the share itself, by which 1 of 1 would
 * beat 90 of 100, but by the lower bound of its Wilson score interval, so that little evidence counts little
 * (E. B. Wilson: Probable inference, the law of succession, and statistical inference. JASA 22, 1927, 209–212).
 * The better-known pin wins a tie. Run again on the same metrics it changes nothing.
 */
export async function refreshWinners(tx: Transaction, job: Job): Promise<Refreshed> {
  const userId = job.userId ?? null;
  const pinIds = job.pinIds ?? null;
  // Two at a time could each put a pin on the same rank; whoever reads the winners is not held up.
  await tx`lock table winner_refresh.winners in share row exclusive mode`;
  const [period] = await tx<{ from: string; to: string }>`
    select (today - ${DAYS - 1}::int)::text as from, today::text as to from (select (now() at time zone 'utc')::date as today) t`;
  const { from, to } = period as { from: string; to: string };
  const scored = await score(tx, { userId, pinIds, from, to });
  return { from, to, scored, ...(await rank(tx, userId)) };
}

interface Scope {
  userId: string | null;
  pinIds: string[] | null;
  from: string;
  to: string;
}

async function score(tx: Transaction, { userId, pinIds, from, to }: Scope): Promise<number> {
  const scored = await tx<{ n: number }>`
    with counted as (
      select user_id, pin_id, sum(impressions)::float8 as n, least(sum(saves + clicks), sum(impressions))::float8 as e
      from winner_refresh.pin_metrics
      where day between ${from}::date and ${to}::date
        and (${userId}::text is null or user_id = ${userId}) and (${pinIds}::text[] is null or pin_id = any(${pinIds}))
      group by user_id, pin_id having sum(impressions) > 0
    ), gone as (
      delete from winner_refresh.scores s
      where (${userId}::text is null or user_id = ${userId}) and (${pinIds}::text[] is null or pin_id = any(${pinIds}))
        and not exists (select from counted c where c.user_id = s.user_id and c.pin_id = s.pin_id)
    ), written as (
      insert into winner_refresh.scores (user_id, pin_id, score, impressions, engagements)
      select user_id, pin_id,
        (e / n + ${Z}::float8 ^ 2 / (2 * n) - ${Z}::float8 * sqrt((e / n * (1 - e / n) + ${Z}::float8 ^ 2 / (4 * n)) / n)) / (1 + ${Z}::float8 ^ 2 / n),
        n, e
      from counted
      on conflict (user_id, pin_id) do update set
        score = excluded.score, impressions = excluded.impressions, engagements = excluded.engagements, scored_at = now()
      returning 1
    )
    select count(*)::int as n from written`;
  return scored[0]?.n ?? 0;
}

async function rank(tx: Transaction, userId: string | null): Promise<Pick<Refreshed, 'winners' | 'entered' | 'left'>> {
  const [counts] = await tx<{ winners: number; entered: number; left: number }>`
    with ranked as (
      select user_id, pin_id, score,
        row_number() over (partition by user_id order by score desc, impressions desc, pin_id collate "C") as rank
      from winner_refresh.scores where engagements > 0 and (${userId}::text is null or user_id = ${userId})
    ), best as (
      select * from ranked where rank <= ${TOP}::int
    ), gone as (
      delete from winner_refresh.winners w
      where (${userId}::text is null or user_id = ${userId})
        and not exists (select from best b where b.user_id = w.user_id and b.pin_id = w.pin_id)
      returning 1
    ), written as (
      insert into winner_refresh.winners (user_id, pin_id, rank, score)
      select user_id, pin_id, rank, score from best
      on conflict (user_id, pin_id) do update set rank = excluded.rank, score = excluded.score, refreshed_at = now()
      returning xmax = 0 as entered
    )
    select (select count(*) from written)::int as winners, (select count(*) from written where entered)::int as entered,
      (select count(*) from gone)::int as left`;
  return counts ?? { winners: 0, entered: 0, left: 0 };
}
