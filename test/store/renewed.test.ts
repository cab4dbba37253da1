import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import { createDatabase } from '../support/database.ts';

const ROUNDS = 15;
/** Less than a connection waits for its own start. */
const AT_ONCE = { timeout: 5_000, interval: 5 };

test(
  'connections that break in every moment, and are refused for a while, come back at once',
  { timeout: 120_000 },
  async () => {
    const database = await createDatabase();
    const admin = postgres(database.url, { max: 1, onnotice: () => {} });
    const role = `breaks_${randomUUID().slice(0, 8)}`;
    await admin.unsafe(`create role ${role} login password 'secret'`);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'secret';
    const opened = openDatabase(url.href);
    onTestFinished(async () => {
      await opened.close();
      await admin.unsafe(`drop role ${role}`);
      await admin.end();
      await database.drop();
    });
    const codes = new Set<unknown>();
    let over = false;
    /** Asks again and again, as soon as the event loop comes round: so that some questions go out as the connection goes away. */
    const keepAsking = async (sql: postgres.Sql, answers: number[], mine: number): Promise<void> => {
      answers[mine] = 0;
      while (!over) {
        try {
          await sql.unsafe('select $1::int', [1], { prepare: true });
          answers[mine]++;
        } catch (error) {
          codes.add((error as { code?: unknown }).code);
          await sleep(20);
        }
        await sleep((answers[mine] ?? 0) % 5);
        await new Promise(setImmediate);
      }
    };
    const answers: number[] = [];
    const clients = [opened.hot, opened.hot, opened.pool, opened.pool, opened.session];
    const asking = clients.map((sql, index) => keepAsking(sql, answers, index));
    /** Each gets another answer. */
    const goesOn = async (): Promise<void> => {
      const before = [...answers];
      await expect.poll(() => answers.every((count, index) => count > (before[index] ?? 0)), AT_ONCE).toBe(true);
    };
    for (let round = 0; round < ROUNDS; round++) {
      await goesOn();
      await sleep(50);
      await admin.unsafe(`alter role ${role} connection limit 0`);
      for (let looks = 0; looks < 2; looks++) {
        await admin`select pg_terminate_backend(pid, 1000) from pg_stat_activity where usename = ${role}`;
        await sleep(30);
      }
      await admin.unsafe(`alter role ${role} connection limit -1`);
    }
    await goesOn();
    over = true;
    await Promise.all(asking);
    for (const count of answers) expect(count).toBeGreaterThan(ROUNDS);
    expect([...codes]).toContain('53300');
    // A connection that waits in vain for its own start.
    expect([...codes]).not.toContain('CONNECT_TIMEOUT');
  },
);
