import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { createStore } from '../../src/store/postgres.ts';
import { createReader } from '../../src/store/reader.ts';
import { createMigrated, type TestDatabase } from '../support/database.ts';
import { birth, transition } from './contract/made.ts';

let made: TestDatabase;
let database: Database;
beforeAll(async () => {
  made = await createMigrated();
  database = openDatabase(made.url);
});
afterAll(async () => {
  await database.close();
  await made.drop();
});

test.each([
  // A notification holds some 200 of these ids.
  { moved: 20, still: 20, named: (id: string) => id !== '', any: false },
  { moved: 300, still: 20, named: (id: string) => id.startsWith('still'), any: true },
  { moved: 300, still: 0, named: () => false, any: true },
  { moved: 0, still: 300, named: () => false, any: true },
])('of $moved that move and $still that do not, those are named that there is room for', async (the) => {
  const name = (kind: string, n: number) => `${kind}-${the.moved}-${the.still}-${n}`.padEnd(36, '-');
  const moved = Array.from({ length: the.moved }, (_, n) => name('moved', n));
  const still = Array.from({ length: the.still }, (_, n) => name('still', n));
  const heard = Promise.withResolvers<string[] | '*'>();
  let listening = false;
  const stop = await createReader(database).onChange((ids) => listening && heard.resolve(ids));
  listening = true;
  await createStore(database).commit(0, [
    ...moved.map((id) => birth(id, {}, { transitions: [transition(1)] })),
    ...still.map((id) => birth(id)),
  ]);
  const ids = [await heard.promise].flat();
  await stop();
  expect(ids.includes('*')).toBe(the.any);
  expect(ids.filter((id) => id !== '*').toSorted()).toEqual([...moved, ...still].filter(the.named).toSorted());
});
