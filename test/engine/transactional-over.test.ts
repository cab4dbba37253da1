import { beforeAll, describe, expect, test } from 'vitest';
import { defineStep, type TransactionalStepContext } from '../../src/index.ts';
import { eventually, standing, useBench } from '../support/engine.ts';
import { oneStep } from '../support/machines.ts';

/** An attempt that is over gives up its transaction, its locks and its connection, whatever its handler still does. */
const bench = useBench();
const forever = async (): Promise<never> => new Promise<never>(() => {});

beforeAll(async () => {
  await bench.sql`create table accounts (id int primary key, n int not null)`;
  await bench.sql`insert into accounts select g, 0 from generate_series(1, 60) g`;
  await bench.sql`create table copied (n int)`;
});

type Context = TransactionalStepContext<number>;
const step = (run: (context: Context) => unknown, timeout = 700, maxAttempts = 2) =>
  defineStep<number, unknown>({
    retry: { maxAttempts, minDelay: 1 },
    timeout,
    transactional: true,
    run: async (context) => run(context),
  });

const nameOf = (what: string): string => what.replaceAll(' ', '-');

/** Sessions of steps in which a transaction is open, or a statement waits for a lock. */
const open = async (): Promise<number> =>
  (
    await bench.sql`select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
      and (state like 'idle in transaction%' or (state = 'active' and wait_event_type in ('Lock', 'Client')))`
  ).length;

describe('after its time limit', () => {
  test.each<[what: string, hang: (context: Context) => Promise<unknown>]>([
    ['a handler that never returns', forever],
    ['a statement that runs on', async ({ tx }) => tx`select pg_sleep(60)`],
    [
      'a COPY that is not read on',
      async ({ tx }) => {
        await tx`copy (select repeat('x', 1000) from generate_series(1, 300000)) to stdout`.readable();
        return forever();
      },
    ],
  ])('%s does not hold the row that the next attempt writes to', async (what, hang) => {
    const writes = step(async (context) => {
      const { tx, input, attempt } = context;
      await tx`update accounts set n = n + 1 where id = ${input}`;
      if (attempt === 1) await hang(context);
      return attempt;
    });
    const engine = await bench.worker([oneStep(nameOf(what), writes)]);
    const { id } = await engine.start(nameOf(what), 1 as never);
    expect(await engine.result(id, { timeout: 10_000 })).toBe(2);
    await eventually(async () => (await open()) === 0);
  });

  test.each<[what: string, leave: (context: Context) => Promise<unknown>]>([
    ['a COPY in that is not ended', async ({ tx }) => (await tx`copy copied from stdin`.writable()).write('7\n')],
    [
      'a COPY out that is left',
      async ({ tx }) => {
        const rows = await tx`copy (select repeat('x', 1000) from generate_series(1, 300000)) to stdout`.readable();
        for await (const _ of rows) break;
      },
    ],
    [
      'a cursor that is left',
      async ({ tx }) => {
        const pages = tx`select * from generate_series(1, 1000)`.cursor(10)[Symbol.asyncIterator]();
        await pages.next();
      },
    ],
  ])('%s by a handler that has returned ends the attempt', async (what, leave) => {
    const engine = await bench.worker([
      oneStep(
        nameOf(what),
        step(async (context) => void (await leave(context)), 1_500, 1),
      ),
    ]);
    const { id } = await engine.start(nameOf(what), 2 as never);
    const { steps } = await standing(engine, id, 'failed');
    expect(steps).toMatchObject([{ status: 'failed', attempt: 1, errorCode: 'TIMEOUT' }]);
    await eventually(async () => (await open()) === 0);
    expect(await bench.sql`select * from copied`).toEqual([]);
  });

  test('handlers that hang leave the connections to others', async () => {
    const fills = step(
      async ({ tx, input }) => {
        await tx`select 1`;
        if (input < 30) await forever();
        return 'fine';
      },
      500,
      1,
    );
    const engine = await bench.worker([oneStep('fills', fills)]);
    const hanging = await Promise.all(Array.from({ length: 30 }, async (_, n) => engine.start('fills', n as never)));
    for (const { id } of hanging) await standing(engine, id, 'failed');
    const { id } = await engine.start('fills', 99 as never);
    expect(await engine.result(id, { timeout: 10_000 })).toBe('fine');
    await eventually(async () => (await open()) === 0);
  });
});

test('after a cancel nothing of it stays', async () => {
  const hangs = step(async ({ tx, input }) => {
    await tx`update accounts set n = 100 where id = ${input}`;
    return forever();
  }, 60_000);
  const engine = await bench.worker([oneStep('cancelled', hangs)]);
  const { id } = await engine.start('cancelled', 3 as never);
  await eventually(async () => (await open()) === 1);
  await engine.cancel(id);
  await standing(engine, id, 'cancelled');
  await eventually(async () => (await open()) === 0);
  await bench.sql`update accounts set n = n + 1 where id = 3`;
  expect(await bench.sql`select n from accounts where id = 3`).toEqual([{ n: 1 }]);
});
