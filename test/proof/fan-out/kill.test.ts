import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { createEngine } from '../../../src/create-engine.ts';
import type { ArtifactStore } from '../../../src/index.ts';
import { createMigrated } from '../../support/database.ts';
import { startProcess } from '../processes.ts';
import { SHEETS, sheetsWorkflow } from './sheets.ts';

const ITEMS = 240;
const KILLS = 2;

test(
  'kills -9 in the middle of a fan-out: no item is lost, only what ran is done again',
  { timeout: 60_000 },
  async () => {
    const database = await createMigrated();
    const sql = postgres(database.url, { max: 4, onnotice: () => {} });
    await sql.unsafe(SHEETS);
    // Right after its start a server gives workers time to come back.
    await sql`select pg_sleep(greatest(0, 3.1 - extract(epoch from now() - pg_postmaster_start_time())))`;
    const client = createEngine({
      database: database.url,
      workflows: [sheetsWorkflow(sql)],
      artifacts: undefined as unknown as ArtifactStore,
    });
    const workers = await Promise.all(Array.from({ length: KILLS + 1 }, () => startProcess(sql, database.url, 10)));
    const { id } = await client.start('sheets', { count: ITEMS });
    for (let kill = 1; kill <= KILLS; kill++) {
      // Each falls into the middle: so many more are done, by whoever has it now.
      const holder = await holderAfter(sql, id, (kill * ITEMS) / (KILLS + 2));
      workers.find(({ workerId }) => workerId === holder)?.kill();
    }
    expect(await client.result(id, { timeout: 40_000 })).toEqual({ sum: (ITEMS * (ITEMS - 1)) / 2 });
    const rows = await sql<
      { key: string; count: number }[]
    >`select key, count(*)::int as count from sheets group by key`;
    expect(rows).toHaveLength(ITEMS);
    expect(Math.max(...rows.map(({ count }) => count))).toBeLessThanOrEqual(1 + KILLS);
    // At most what was under way is done again, however many there are.
    const again = rows.reduce((sum, { count }) => sum + count - 1, 0);
    expect(again).toBeLessThanOrEqual(4 * KILLS);
    const [steps] = await sql`
    select count(*)::int as rows, count(*) filter (where status <> 'done')::int as left, sum(lost)::int as lost from durachart.steps where instance_id = ${id}`;
    expect(steps).toMatchObject({ rows: ITEMS + 1, left: 0 });
    // Each kill has cut some off.
    expect(steps?.['lost']).toBeGreaterThanOrEqual(KILLS);
    console.log(`${ITEMS} items under ${KILLS} kills: ${steps?.['lost']} cut off, ${again} done twice`);
    expect(workers.map((worker) => worker.crash())).toEqual(workers.map(() => undefined));
    for (const worker of workers) worker.kill();
    await client.stop();
    await sql.end();
    await database.drop();
  },
);

/** Waits until so many items are done and somebody has the instance; who. */
async function holderAfter(sql: postgres.Sql, id: string, done: number): Promise<number> {
  for (;;) {
    const [row] = await sql<{ lease: number }[]>`
      select i.lease from durachart.instances i join durachart.fan_outs f on f.id = i.id join durachart.workers w on w.id = i.lease and w.stopped_at is null
      where i.id = ${id} and f.done >= ${done}`;
    if (row !== undefined) return row.lease;
    await sleep(2);
  }
}
