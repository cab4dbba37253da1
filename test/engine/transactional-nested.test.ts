import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/postgres-js';
import { bigserial, pgTable, text } from 'drizzle-orm/pg-core';
import { Kysely, type Generated } from 'kysely';
import { PostgresJSDialect } from 'kysely-postgres-js';
import type postgres from 'postgres';
import { beforeAll, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/api.ts';
import { defineStep, type StepTransaction } from '../../src/index.ts';
import { eventually, useBench } from '../support/engine.ts';
import { oneStep } from '../support/machines.ts';

const bench = useBench();

const ledger = pgTable('ledger', {
  id: bigserial({ mode: 'number' }).primaryKey(),
  name: text().notNull(),
  line: text().notNull(),
});

interface Tables {
  ledger: { id: Generated<number>; name: string; line: string };
}

const kysely = (tx: StepTransaction): Kysely<Tables> =>
  new Kysely<Tables>({ dialect: new PostgresJSDialect({ postgres: tx }) });

beforeAll(async () => {
  await bench.sql`create table ledger (id bigserial primary key, name text not null, line text not null)`;
});

const lines = async (name: string): Promise<string[]> =>
  (await bench.sql<{ line: string }[]>`select line from ledger where name = ${name} order by id`).map(
    ({ line }) => line,
  );

interface Run {
  tx: StepTransaction;
  name: string;
  /** Comes by here after each statement. */
  point: () => Promise<void>;
}

/** What each client does with a transaction of its own around its statements, and one within that. */
const clients: Record<string, (run: Run) => Promise<void>> = {
  'postgres.js begin': async ({ tx, name, point }) => {
    await tx.begin(async (outer) => {
      await outer`insert into ledger (name, line) values (${name}, 'a')`;
      await point();
      await outer.savepoint(async (inner) => inner`insert into ledger (name, line) values (${name}, 'b')`);
      await point();
    });
    await point();
  },
  'postgres.js reserve': async ({ tx, name, point }) => {
    const reserved = await tx.reserve();
    await reserved`begin`;
    await reserved`insert into ledger (name, line) values (${name}, 'a')`;
    await point();
    await reserved.unsafe(`insert into ledger (name, line) values ($1, 'b')`, [name]);
    await point();
    await reserved.unsafe('COMMIT');
    reserved.release();
    await point();
  },
  'postgres.js with BEGIN in SQL': async ({ tx, name, point }) => {
    await tx.unsafe('/* ours */ Begin Transaction');
    await tx`insert into ledger (name, line) values (${name}, 'a'), (${name}, 'b')`;
    await point();
    await tx.unsafe('end work;');
    await point();
  },
  drizzle: async ({ tx, name, point }) => {
    const db = drizzle(tx);
    await db.transaction(async (outer) => {
      await outer.insert(ledger).values({ name, line: 'a' });
      await point();
      await outer.transaction(async (inner) => {
        await inner.insert(ledger).values({ name, line: 'b' });
        await point();
      });
    });
    await point();
  },
  'drizzle, its client used within': async ({ tx, name, point }) => {
    const db = drizzle({ client: tx });
    await db.transaction(async () => {
      await db.transaction(async (inner) => inner.insert(ledger).values({ name, line: 'a' }));
      await point();
      await db.insert(ledger).values({ name, line: 'b' });
    });
    await point();
  },
  Kysely: async ({ tx, name, point }) => {
    const db = kysely(tx);
    await db.transaction().execute(async (outer) => {
      await outer.insertInto('ledger').values({ name, line: 'a' }).execute();
      await point();
      await outer.insertInto('ledger').values({ name, line: 'b' }).execute();
      await point();
    });
    await point();
    await db.destroy();
  },
  'Kysely, controlled': async ({ tx, name, point }) => {
    const outer = await kysely(tx).startTransaction().execute();
    await outer.insertInto('ledger').values({ name, line: 'a' }).execute();
    const undone = await outer.savepoint('here').execute();
    await undone.insertInto('ledger').values({ name, line: 'undone' }).execute();
    await point();
    await undone.rollbackToSavepoint('here').execute();
    await outer.insertInto('ledger').values({ name, line: 'b' }).execute();
    await point();
    await outer.commit().execute();
    await point();
  },
};

const cases = Object.keys(clients).flatMap((client) =>
  ['none', 'throw', 'lost connection', 'takeover'].flatMap((crash) =>
    (crash === 'none' ? [0] : crash === 'takeover' ? [2] : [1, 2, 3]).map((at) => ({ client, crash, at })),
  ),
);

test.each(cases)(
  '$client: exactly once with a crash ($crash) after statement $at, one attempt allowed',
  async (given) => {
    const { client, crash, at } = given;
    const name = JSON.stringify(given);
    let crashes = 0;
    const step = defineStep<null, string>({
      transactional: true,
      retry: { maxAttempts: 1 },
      run: async ({ tx }) => {
        let points = 0;
        const point = async (): Promise<void> => {
          if (++points !== at || crashes++ > 0) return;
          const [{ pid }] = (await tx`select pg_backend_pid() as pid`) as unknown as [{ pid: number }];
          if (crash === 'throw') throw new Error('crashed');
          if (crash === 'lost connection') {
            await bench.sql`select pg_terminate_backend(${pid})`;
            await eventually(
              async () => (await bench.sql`select from pg_stat_activity where pid = ${pid}`).length === 0,
            );
          } else await bench.sql`update durachart.workers set stopped_at = now() where stopped_at is null`;
        };
        await clients[client]?.({ tx, name, point });
        return 'done';
      },
    });
    const workflow = oneStep('exactly-once', step);
    const engine = await bench.worker([workflow]);
    const { id } = await engine.start('exactly-once', null);
    if (crash === 'takeover' && (await eventually(async () => crashes > 0 || (await lines(name)).length > 0)))
      await bench.worker([workflow]);
    const { status } = await ended(engine, id);
    if (crash === 'throw' && crashes > 0) {
      expect(status).toBe('failed');
      expect((await engine.steps(id))[0]).toMatchObject({ attempt: 1, attempts: [{ outcome: 'failed' }] });
      expect(await lines(name)).toEqual([]);
    } else {
      expect(status).toBe('done');
      expect(await lines(name)).toEqual(['a', 'b']);
    }
  },
);

async function ended(engine: Pick<Engine, 'get'>, id: string): Promise<Awaited<ReturnType<Engine['get']>>> {
  return eventually(async () => {
    const view = await engine.get(id);
    return ['done', 'failed'].includes(view.status) && view;
  });
}

/** Runs a step once, and tells what it came to. */
async function once(run: (tx: StepTransaction, name: string) => unknown, name: string) {
  const step = defineStep<string, unknown>({
    transactional: true,
    retry: { maxAttempts: 3, minDelay: 1 },
    run: async ({ tx, input }) => {
      await tx`insert into ledger (name, line) values (${input}, 'first')`;
      return run(tx, input);
    },
  });
  const engine = await bench.worker([oneStep('once', step)]);
  const { id } = await engine.start('once', name);
  const view = await ended(engine, id);
  const steps = await engine.steps(id);
  return { view, attempts: steps[0]?.attempts?.length ?? 0, lines: await lines(name) };
}

test('a nested transaction that throws undoes its own part, and its error comes out', async () => {
  const result = await once(async (tx, name) => {
    const db = drizzle(tx);
    const told: unknown[] = [];
    const undone = async (run: () => Promise<unknown>) => told.push(await run().catch((error: Error) => error.message));
    await undone(() =>
      tx.begin(async (inner) => {
        await inner`insert into ledger (name, line) values (${name}, 'undone')`;
        throw new Error('postgres.js');
      }),
    );
    await undone(() =>
      db.transaction(async (inner) => {
        await inner.insert(ledger).values({ name, line: 'undone' });
        await inner.transaction(async () => {});
        return inner.rollback();
      }),
    );
    await undone(() =>
      kysely(tx)
        .transaction()
        .execute(async (inner) => {
          await inner.insertInto('ledger').values({ name, line: 'undone' }).execute();
          throw new Error('Kysely');
        }),
    );
    await undone(() =>
      tx.begin(async (inner) => {
        // Caught or not, it has aborted the nested transaction.
        await inner`insert into ledger (name, line) values (null, 'undone')`.catch(() => {});
      }),
    );
    await tx`insert into ledger (name, line) values (${name}, 'last')`;
    return told;
  }, 'undone');
  expect(result).toMatchObject({ view: { status: 'done' }, attempts: 0, lines: ['first', 'last'] });
  expect(result.view.output).toEqual([
    'postgres.js',
    'Rollback',
    'Kysely',
    expect.stringContaining('null value in column "name"'),
  ]);
});

test('nested transactions that are begun at once come one after the other', async () => {
  const result = await once(async (tx, name) => {
    const db = drizzle(tx);
    const results = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map(async (line) =>
        db.transaction(async (inner) => {
          await inner.insert(ledger).values({ name, line });
          if (line === 'b') throw new Error('undone');
          await inner.transaction(async (deeper) => deeper.insert(ledger).values({ name, line: `${line}${line}` }));
        }),
      ),
    );
    return results.map(({ status }) => status);
  }, 'at once');
  expect(result).toMatchObject({
    view: { status: 'done', output: ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'] },
    lines: ['first', 'a', 'aa', 'c', 'cc', 'd', 'dd'],
  });
});

const path = join(tmpdir(), `durachart-commit-${process.pid}.sql`);

const endings: Record<string, (tx: StepTransaction) => Promise<unknown>> = {
  'COMMIT in a template': async (tx) => tx`COMMIT`,
  'in any case, with blanks and comments': async (tx) => tx.unsafe('\n\t -- no\n /* a /* b */ */ CoMMiT /* c */ ;'),
  END: async (tx) => tx.unsafe('end transaction'),
  ROLLBACK: async (tx) => tx`rollback`,
  ABORT: async (tx) => tx`abort work`,
  'AND CHAIN': async (tx) => tx.unsafe('rollback and chain'),
  'COMMIT AND NO CHAIN': async (tx) => tx.unsafe('commit and no chain'),
  'PREPARE TRANSACTION': async (tx) => tx.unsafe(`prepare transaction 'x'`),
  'COMMIT PREPARED': async (tx) => tx.unsafe(`commit prepared 'x'`),
  'among others': async (tx) =>
    tx.unsafe(`select 'begin'; insert into ledger (name, line) values ('other', ';'); commit`),
  'BEGIN among others': async (tx) => tx.unsafe('begin; select 1; commit; begin'),
  'START TRANSACTION among others': async (tx) => tx.unsafe('select 1; start transaction'),
  'behind a string with a semicolon': async (tx) =>
    tx.unsafe(`select ';', $$;$$, E'\\';', ";" from (select 1 as ";") x; commit`),
  'as a fragment': async (tx) => tx`${tx.unsafe('commit')}`,
  'as a fragment of simple statements': async (tx) => (tx as postgres.Sql)`select 1; ${tx`commit`}`.simple(),
  'in a file': async (tx) => {
    await writeFile(path, 'select 1;\ncommit;\n');
    return tx.file(path);
  },
  'by a cursor': async (tx) => {
    for await (const _ of tx`commit`.cursor()) await Promise.resolve();
  },
  'prepared by the driver': async (tx) => tx.unsafe('commit', [], { prepare: true }),
  'a BEGIN of another client': async (tx) => {
    await (await tx.reserve()).unsafe('begin');
    return (await tx.reserve()).unsafe('commit');
  },
  'tx.prepare of postgres.js': async (tx) =>
    (tx as unknown as { prepare: (name: string) => Promise<void> }).prepare('x'),
  'tx.listen': async (tx) => tx.listen('x', () => {}),
};

test.each(Object.keys(endings))('what would end the transaction is refused: %s', async (name) => {
  const result = await once(async (tx) => endings[name]?.(tx), name);
  expect(result).toMatchObject({
    view: { status: 'failed', error: { code: 'TRANSACTION_CONTROL' } },
    attempts: 1,
    lines: [],
  });
  expect(await lines('other')).toEqual([]);
});

test('it is refused before it is sent: a step that goes on has its transaction', async () => {
  const result = await once(async (tx, name) => {
    await tx`commit`.catch(() => {});
    await tx`rollback`.catch(() => {});
    await tx`insert into ledger (name, line) values (${name}, 'last')`;
  }, 'goes on');
  expect(result).toMatchObject({ view: { status: 'done' }, lines: ['first', 'last'] });
});

test('what only looks like it is sent', async () => {
  const result = await once(async (tx, name) => {
    await tx.unsafe(`
      create function pg_temp.one() returns int language sql begin atomic select case when true then 1 end; select 2; end;
      create or replace function pg_temp.two() returns int language plpgsql as $body$ begin return 2; end; $body$;
      do $$ begin perform 'commit'; end $$;
      select 'commit; rollback' as "end; commit", e'it\\'s; commit' /* ; commit; */ -- ; commit
    `);
    await tx.unsafe('savepoint mine; rollback to mine');
    await tx`savepoint other`;
    await tx`insert into ledger (name, line) values (${name}, 'undone')`;
    await tx.unsafe('/* back */ rollback transaction to savepoint other');
    await tx.unsafe('release other');
    await tx`prepare plan as select 1`;
    await tx`deallocate plan`;
    const [row] = await tx<{ sum: number }>`select pg_temp.one() + pg_temp.two() as sum`;
    return row?.sum;
  }, 'looks like it');
  expect(result).toMatchObject({ view: { status: 'done', output: 4 }, lines: ['first'] });
});

// With this setting a backslash escapes a quote, so that the end of the string is where it does not seem to be.
test('a commit that is not recognised is noticed, and the step not run again', async () => {
  const result = await once(async (tx) => {
    await tx.unsafe('set standard_conforming_strings = off');
    await tx.unsafe(`select '\\''; commit; begin read write; select '\\''`);
    await tx`insert into ledger (name, line) values ('unseen', 'behind')`;
  }, 'unseen');
  expect(result).toMatchObject({ view: { status: 'failed', error: { code: 'TRANSACTION_ENDED' } }, attempts: 1 });
  expect(result.lines).toEqual(['first']);
});

test('a transaction of one isolation is not part of another', async () => {
  const result = await once(async (tx) => {
    await drizzle(tx).transaction(async () => {}, { isolationLevel: 'serializable' });
  }, 'isolation');
  expect(result).toMatchObject({
    view: { status: 'failed', error: { code: 'DATABASE_ERROR', details: { code: '25001' } } },
    lines: [],
  });
  const same = await once(async (tx) => {
    await drizzle(tx).transaction(async () => {}, { isolationLevel: 'read committed', accessMode: 'read only' });
    await kysely(tx)
      .transaction()
      .setIsolationLevel('read committed')
      .execute(async () => {});
    await tx.begin('isolation level read committed', async () => {});
  }, 'same isolation');
  expect(same).toMatchObject({ view: { status: 'done' }, lines: ['first'] });
});

test.each<[string, string, (tx: StepTransaction) => Promise<unknown>]>([
  ['a BEGIN without an end', 'TRANSACTION_CONTROL', async (tx) => tx.unsafe('begin')],
  [
    'nested transactions that are not awaited',
    'TRANSACTION_CONTROL',
    async (tx) => {
      void tx.begin(async () => new Promise(() => {})).catch(() => {});
      await tx`select 1`;
    },
  ],
  [
    'transactions in SQL that overlap',
    'TRANSACTION_INTERLEAVED',
    async (tx) => {
      const db = kysely(tx);
      const [one, two] = [await db.startTransaction().execute(), await db.startTransaction().execute()];
      await one
        .commit()
        .execute()
        .catch(() => {});
      await two
        .commit()
        .execute()
        .catch(() => {});
    },
  ],
  [
    'a statement beside a nested transaction that is undone',
    'TRANSACTION_INTERLEAVED',
    async (tx) => {
      const isOpen = Promise.withResolvers<void>();
      const isWritten = Promise.withResolvers<void>();
      const undone = tx.begin(async () => {
        isOpen.resolve();
        await isWritten.promise;
        throw new Error('undone');
      });
      await isOpen.promise;
      await tx`insert into ledger (name, line) values ('beside', 'x')`;
      isWritten.resolve();
      await undone.catch(() => {});
    },
  ],
])('%s: the step fails, and nothing is written', async (name, code, run) => {
  expect(await once(run, name)).toMatchObject({ view: { status: 'failed', error: { code } }, attempts: 1, lines: [] });
});

test('after the step nothing is sent any more', async () => {
  let late: Promise<unknown> | undefined;
  const { promise: hasEnded, resolve: end } = Promise.withResolvers<void>();
  const result = await once(async (tx, name) => {
    late = hasEnded.then(async () => tx`insert into ledger (name, line) values (${name}, 'late')`);
    late.catch(() => {});
  }, 'late');
  end();
  await expect(late).rejects.toMatchObject({ code: 'TRANSACTION_OVER' });
  expect(result).toMatchObject({ view: { status: 'done' }, lines: ['first'] });
  expect(await lines('late')).toEqual(['first']);
});
