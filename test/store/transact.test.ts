import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { transact } from '../../src/store/transact.ts';
import { Connections } from '../../src/store/transactions.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

/** One connection at a time, and the sockets that there have been. */
function open(): { connections: Connections; sockets: Socket[] } {
  const sockets: Socket[] = [];
  const { hostname, port } = new URL(database.url);
  // An option that postgres.js has, and its types have not.
  const socket = async (): Promise<Socket> => {
    const made = connect(Number(port), hostname);
    await once(made, 'connect');
    sockets.push(made);
    return made;
  };
  const connections = new Connections(
    (onclose) => postgres(database.url, { max: 1, fetch_types: false, onclose, ...({ socket } as object) }),
    1,
  );
  onTestFinished(() => connections.end({ timeout: 0 }));
  return { connections, sockets };
}

/** Where an event loop's turn is so far that what postgres.js writes now goes out in the next, and a socket closes in this one. */
const lateInTheTurn = async (): Promise<void> => new Promise(setImmediate);

// A connection that goes away with something held back leaves its client waiting for its own start, until Postgres gives
// that up after a minute.
test('a connection that breaks just as the first statement is written is given up at once', async () => {
  const { connections, sockets } = open();
  await transact(connections, 'read write', async (sql) => sql`select 1`);
  await lateInTheTurn();
  const lost = transact(connections, 'read write', async (sql) => sql`select 2`);
  sockets[0]?.destroy();
  await expect(lost).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  expect(await transact(connections, 'read write', async (sql) => sql`select 3 as n`)).toEqual([{ n: 3 }]);
  expect(sockets).toHaveLength(2);
});

test('a connection that breaks just as a later statement is written is given up at once, whatever the handler still asks', async () => {
  const { connections, sockets } = open();
  const answers: Promise<unknown>[] = [];
  const lost = transact(connections, 'read write', async (sql) => {
    await lateInTheTurn();
    sockets[0]?.destroy();
    await sql`select 1`.catch(() => {});
    answers.push(sql`select 2`.catch((error: unknown) => error));
    return answers[0];
  });
  await expect(lost).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  expect(await transact(connections, 'read write', async (sql) => sql`select 3 as n`)).toEqual([{ n: 3 }]);
  expect(await answers[0]).toMatchObject({ code: 'CONNECTION_DESTROYED' });
});

test('a connection that breaks while the handler is elsewhere does not wait for it', async () => {
  const { connections, sockets } = open();
  const { promise: never } = Promise.withResolvers<void>();
  const lost = transact(connections, 'read write', async (sql) => {
    await sql`select 1`;
    sockets[0]?.destroy();
    await never;
  });
  await expect(lost).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  expect(await transact(connections, 'read write', async (sql) => sql`select 3 as n`)).toEqual([{ n: 3 }]);
});
