import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { triggerWinnerRefresh, winnerRefresh } from '../../../machines/winner-refresh/index.ts';
import { eventually } from '../../support/engine.ts';
import { ManualClock, SECOND } from '../../support/manual-clock.ts';
import { usePipeline } from '../support/pipeline.ts';

const pipeline = usePipeline();
const workflows = [winnerRefresh] as const;

interface Metric {
  pin: string;
  impressions: number;
  saves?: number;
  clicks?: number;
  daysAgo?: number;
}

/** Metrics of a user, in place of those that are there. */
async function measured(userId: string, metrics: readonly Metric[]): Promise<void> {
  const { sql } = pipeline;
  await sql`delete from winner_refresh.pin_metrics where user_id = ${userId}`;
  for (const { pin, impressions, saves = 0, clicks = 0, daysAgo = 0 } of metrics) {
    await sql`
      insert into winner_refresh.pin_metrics (user_id, pin_id, day, impressions, saves, clicks)
      values (${userId}, ${pin}, (now() at time zone 'utc')::date - ${daysAgo}::int, ${impressions}, ${saves}, ${clicks})`;
  }
}

const winners = async (userId: string): Promise<string[]> =>
  (
    await pipeline.sql<
      { pinId: string }[]
    >`select pin_id as "pinId" from winner_refresh.winners where user_id = ${userId} order by rank`
  ).map(({ pinId }) => pinId);

const refresh = async (input: Parameters<typeof triggerWinnerRefresh>[1]) =>
  (await triggerWinnerRefresh(await pipeline.worker(workflows), input)).result({ timeout: 10_000 });

/** The same bound, as Wilson's article has it: the smaller root of (p̂ − p)² = z² p (1 − p) / n. */
function lowerBound(engaged: number, n: number): number {
  const z2 = 1.96 ** 2;
  const p = engaged / n;
  const [a, b, c] = [1 + z2 / n, -(2 * p + z2 / n), p * p];
  return (-b - Math.sqrt(Math.max(0, b * b - 4 * a * c))) / (2 * a);
}

describe('who wins', () => {
  test('much evidence beats a lucky few, saves and clicks count alike, and none at all never wins', async () => {
    await measured('fair', [
      { pin: 'one-of-one', impressions: 1, saves: 1 },
      { pin: 'ninety-of-hundred', impressions: 100, saves: 40, clicks: 50 },
      { pin: 'five-percent', impressions: 10_000, clicks: 500 },
      { pin: 'none', impressions: 10_000 },
      { pin: 'unseen', impressions: 0 },
    ]);
    expect(await refresh({ userId: 'fair' })).toMatchObject({ scored: 4, winners: 3, entered: 3, left: 0 });
    expect(await winners('fair')).toEqual(['ninety-of-hundred', 'one-of-one', 'five-percent']);
  });

  test('the score is the lower bound of the Wilson interval, for any counts', async () => {
    const seed = Number(process.env['FC_SEED'] ?? Date.now() % 1_000_000);
    console.log(`FC_SEED=${seed}`);
    const some = fc.record({ impressions: fc.integer({ min: 1, max: 1e9 }), saves: fc.nat(1e9), clicks: fc.nat(1e9) });
    const metrics = fc
      .sample(some, { seed, numRuns: 200 })
      .map((counts, i) => ({ ...counts, pin: `pin-${String(i).padStart(3, '0')}` }));
    await measured('any', metrics);
    await refresh({ userId: 'any' });
    const rows = await pipeline.sql<
      { pinId: string; score: number }[]
    >`select pin_id as "pinId", score from winner_refresh.scores where user_id = 'any' order by pin_id`;
    expect(rows).toHaveLength(200);
    for (const [i, { impressions, saves, clicks }] of metrics.entries())
      expect(rows[i]?.score).toBeCloseTo(lowerBound(Math.min(saves + clicks, impressions), impressions), 6);
    const best = rows
      .map(({ pinId, score }, i) => ({ pinId, score, impressions: metrics[i]?.impressions ?? 0 }))
      .sort((a, b) => b.score - a.score || b.impressions - a.impressions);
    expect(await winners('any')).toEqual(best.slice(0, 10).map(({ pinId }) => pinId));
  });

  test('only the last four weeks count, and at most ten win; a tie goes to the one that is seen more', async () => {
    await measured('weeks', [
      { pin: 'old', impressions: 100, saves: 100, daysAgo: 28 },
      { pin: 'last', impressions: 200, saves: 100, daysAgo: 27 },
      ...Array.from({ length: 12 }, (_, i) => ({
        pin: `p${String(i).padStart(2, '0')}`,
        impressions: 1_000,
        saves: 10,
      })),
    ]);
    const { winners: count } = await refresh({ userId: 'weeks' });
    expect(count).toBe(10);
    expect(await winners('weeks')).toEqual(['last', ...Array.from({ length: 9 }, (_, i) => `p0${i}`)]);
  });
});

test('run again it changes nothing; what falls behind leaves, what stays keeps its since', async () => {
  await measured('again', [
    { pin: 'a', impressions: 100, saves: 50 },
    { pin: 'b', impressions: 100, saves: 40 },
  ]);
  await refresh({ userId: 'again' });
  const stored = async () =>
    pipeline.sql`select pin_id, rank, score, since from winner_refresh.winners where user_id = 'again' order by rank`;
  const before = await stored();
  expect(await refresh({ userId: 'again' })).toMatchObject({ winners: 2, entered: 0, left: 0 });
  expect(await stored()).toEqual(before);
  await measured('again', [
    { pin: 'b', impressions: 100, saves: 40 },
    { pin: 'c', impressions: 100, saves: 90 },
  ]);
  expect(await refresh({ userId: 'again' })).toMatchObject({ winners: 2, entered: 1, left: 1 });
  expect(await winners('again')).toEqual(['c', 'b']);
  expect((await stored())[1]?.['since']).toEqual(before[1]?.['since']);
});

test('with pins named, only they are looked at; the others keep their scores and are ranked with them', async () => {
  await measured('named', [
    { pin: 'a', impressions: 100, saves: 50 },
    { pin: 'b', impressions: 100, saves: 40 },
  ]);
  await refresh({ userId: 'named' });
  await measured('named', [
    { pin: 'a', impressions: 100, saves: 10 },
    { pin: 'b', impressions: 100, saves: 90 },
  ]);
  expect(await refresh({ userId: 'named', pinIds: ['a', "x'; drop table winners; --"] })).toMatchObject({ scored: 1 });
  expect(await winners('named')).toEqual(['b', 'a']);
  expect(
    await pipeline.sql`select score > 0.3 as old from winner_refresh.scores where user_id = 'named' and pin_id = 'b'`,
  ).toMatchObject([{ old: true }]);
});

test('one user leaves the others alone; nobody named means everybody', async () => {
  await measured('u1', [{ pin: 'p', impressions: 10, saves: 5 }]);
  await measured('u2', [{ pin: 'p', impressions: 10, saves: 5 }]);
  await refresh({ userId: 'u1' });
  expect([await winners('u1'), await winners('u2')]).toEqual([['p'], []]);
  await refresh({});
  expect([await winners('u1'), await winners('u2')]).toEqual([['p'], ['p']]);
});

test('pins without a user are refused at the start', async () => {
  const engine = await pipeline.worker(workflows);
  await expect(triggerWinnerRefresh(engine, { pinIds: ['p'] })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    details: { issues: [{ path: 'userId' }] },
  });
});

test('many at once take turns, and end with the ranks that one alone gives', async () => {
  const metrics = Array.from({ length: 30 }, (_, i) => ({ pin: `p${i}`, impressions: 100 + i, saves: (i * 7) % 60 }));
  await measured('busy', metrics);
  const engine = await pipeline.worker(workflows);
  const all = await Promise.all(
    Array.from({ length: 8 }, (_, i) => triggerWinnerRefresh(engine, i % 2 === 0 ? { userId: 'busy' } : {})),
  );
  const results = await Promise.all(all.map((each) => each.result({ timeout: 20_000 })));
  expect(results.filter(({ entered }) => entered > 0)).toHaveLength(1);
  const ranks = await pipeline.sql`select rank from winner_refresh.winners where user_id = 'busy' order by rank`;
  expect(ranks.map(({ rank }) => Number(rank))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('each Monday at four, everybody is refreshed', async () => {
  await measured('weekly', [{ pin: 'p', impressions: 10, saves: 5 }]);
  const clock = new ManualClock();
  const now = new Date();
  const monday = Date.UTC(
    now.getUTCFullYear(),
    now.getUTCMonth(),
    now.getUTCDate() + ((8 - now.getUTCDay()) % 7 || 7),
    4,
  );
  clock.advance(monday - clock.now() - 60 * SECOND);
  const engine = await pipeline.worker(workflows, { clock });
  await eventually(
    async () => (await pipeline.sql`select from durachart.schedules where workflow = 'winner-refresh'`).length > 0,
  );
  expect(await winners('weekly')).toEqual([]);
  // With the whole of its jitter.
  clock.advance(12 * 60 * SECOND);
  await eventually(async () => (await winners('weekly')).length > 0);
  const [latest] = (await engine.list({ workflow: 'winner-refresh', limit: 1 })).items;
  expect(await engine.get(latest?.id ?? '')).toMatchObject({ input: {} });
});
