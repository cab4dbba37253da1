import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { useBench } from '../support/engine.ts';

const bench = useBench();

/** How many updates of a table a transaction has made, and of these such that no index was written for. */
async function updates(tx: postgres.TransactionSql, table: string): Promise<{ all: number; hot: number }> {
  const [row] = await tx<{ all: number; hot: number }[]>`
    select n_tup_upd::int as all, n_tup_hot_upd::int as hot from pg_stat_xact_user_tables where schemaname = 'durachart' and relname = ${table}`;
  return row ?? { all: 0, hot: 0 };
}

test('a transition of an instance in hand, and a step that begins and ends, write no index', async () => {
  await bench.sql`insert into durachart.instances (id, workflow, version, tenant, tags, created_at, status, state, sequence, live, updated_at, lease)
    values ('hot', 'w', '1', 't', '{x}', now(), 'running', 'A', 1, '["1:s"]', now(), 1)`;
  await bench.sql`insert into durachart.steps (instance_id, key, kind, step, status, max_attempts, queued_at) values ('hot', '1:s', 'step', 's', 'queued', 3, now())`;
  await bench.sql.begin(async (tx) => {
    for (const [i, status] of ['running', 'waiting', 'failed', 'done'].entries())
      await tx`update durachart.instances set status = ${status}, state = ${`S${i}`}, sequence = ${i}, error_code = ${status}, updated_at = clock_timestamp(), wake = ${i},
        finished_at = case when ${status} = 'done' then now() end, snapshot = '{}', live = '[]' where id = 'hot'`;
    expect(await updates(tx, 'instances')).toEqual({ all: 4, hot: 4 });
    await tx`update durachart.steps set status = 'running', attempt = 1, started_at = now(), worker = 1, queued_at = queued_at where instance_id = 'hot'`;
    await tx`update durachart.steps set status = 'done', finished_at = now(), output = '{}' where instance_id = 'hot'`;
    expect(await updates(tx, 'steps')).toEqual({ all: 2, hot: 2 });
    // Given back, it is found by what it is.
    await tx`update durachart.instances set lease = null where id = 'hot'`;
    expect(await updates(tx, 'instances')).toEqual({ all: 5, hot: 4 });
    expect(await tx`select rest_status, rest_state, rest_error from durachart.instances where id = 'hot'`).toEqual([
      { rest_status: 'done', rest_state: 'S3', rest_error: 'done' },
    ]);
  });
});
