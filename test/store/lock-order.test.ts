import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { createStore } from '../../src/store/postgres.ts';
import type { Store, WorkerSession } from '../../src/engine/ports.ts';
import { createMigrated, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/engine.ts';
import { birth, commit, post, state, T } from './contract/made.ts';

const LONG = 1_000_000;

let made: TestDatabase;
let database: Database;
let store: Store;
let worker: WorkerSession;
let blocker: postgres.Sql;
beforeAll(async () => {
  made = await createMigrated();
  database = openDatabase(made.url);
  store = createStore(database);
  worker = await store.startWorker('writes', ['w'], T + LONG);
  blocker = postgres(made.url, { max: 1 });
});
afterAll(async () => {
  await blocker.end();
  await database.close();
  await made.drop();
});

const own = async (...ids: string[]) =>
  store.commit(
    worker.id,
    ids.map((id) => birth(id, { leased: true, wakeAt: null })),
  );

/** Resolves when so many sessions wait for somebody's lock. */
const waiting = async (count: number) =>
  eventually(async () => {
    const [row] = await database.pool<{ count: number }[]>`
      select count(*)::int from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    return row?.count === count;
  });

const deadlocks = async (): Promise<number> => {
  const [row] = await blocker<{ count: number }[]>`
    select pg_stat_clear_snapshot(), deadlocks::int as count from pg_stat_database where datname = current_database()`;
  return row?.count ?? 0;
};

test('two commits that write to each other’s instances wait for each other in one direction only', async () => {
  await own('a', 'b');
  const write = async (id: string, to: string) =>
    store.commit(worker.id, [commit(id, { after: state({ sequence: 2 }), posts: [post(to)] })]);
  const before = await deadlocks();
  const written = await blocker.begin(async (tx) => {
    await tx`select from durachart.instances where id = 'a' for update`;
    // Were the second to lock `b` before it waits for `a`, the first could not go on when it has `a`.
    const first = write('a', 'b');
    await waiting(1);
    const second = write('b', 'a');
    await waiting(2);
    return { first, second };
  });
  expect(await written.first).toEqual([{ id: 'a', released: false }]);
  expect(await written.second).toEqual([{ id: 'b', released: false }]);
  expect(await deadlocks()).toBe(before);
  const inboxes = await store.inbox(worker.id, ['a', 'b']);
  expect(new Map(inboxes.map(({ id, inbox, wake }) => [id, [inbox.length, wake]]))).toEqual(
    new Map([
      ['a', [1, 1]],
      ['b', [1, 1]],
    ]),
  );
});

test('what somebody writes to is freed of a dead worker by the next look, and nobody waits for it', async () => {
  const process = openDatabase(made.url);
  const dead = await createStore(process).startWorker('dies', ['w'], T);
  await store.commit(
    dead.id,
    ['held', 'free'].map((id) => birth(id, { leased: true, wakeAt: null })),
  );
  await dead.kill();
  const bury = async () => (await store.buryWorkers(T + 5, LONG, worker.id)).freed;
  await blocker.begin(async (tx) => {
    await tx`select from durachart.instances where id = 'held' for update`;
    expect(await eventually(async () => (await bury()).length > 0 && (await bury()).length === 0)).toBe(true);
    expect(await store.leased(dead.id)).toEqual(['held']);
  });
  expect(await bury()).toEqual(['held']);
  await process.close();
});
