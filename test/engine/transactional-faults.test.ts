import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { drizzle } from 'drizzle-orm/postgres-js';
import { sql } from 'drizzle-orm';
import { defineStep, type StepTransaction, type TransactionalStepContext } from '../../src/index.ts';
import { eventually, useBench } from '../support/engine.ts';
import { oneStep } from '../support/machines.ts';

const bench = useBench();

beforeAll(async () => {
  await bench.sql.unsafe(`create table ledger (name text not null, attempt int not null);
    create table parents (id int primary key);
    create table children (parent int references parents deferrable initially deferred);
    create table late (n int);
    create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(1); return null; end';
    create constraint trigger slow after insert on late deferrable initially deferred for each row execute function slow()`);
});

const entries = async (name: string): Promise<unknown[]> => [
  ...(await bench.sql`select from ledger where name = ${name}`),
];

const hang = async (): Promise<never> => new Promise(() => {});

interface Fault {
  run: (context: Pick<TransactionalStepContext<string>, 'tx' | 'signal'>) => Promise<unknown>;
  /** Of the error that the step fails with. */
  code: string;
  class: 'final' | 'retryable';
  /** SQLSTATE. */
  state?: string;
  message: string;
}

const retryable = { code: 'DATABASE_ERROR', class: 'retryable' } as const;
const final = { code: 'DATABASE_ERROR', class: 'final' } as const;

const faults: Record<string, Fault> = {
  'a statement timeout that the commit meets': {
    run: async ({ tx }) => tx.unsafe(`insert into late values (1); set local statement_timeout = '100ms'`),
    ...retryable,
    state: '57014',
    message: 'statement timeout',
  },
  'a statement timeout of its own statement': {
    run: async ({ tx }) => {
      await tx`set local statement_timeout = '50ms'`;
      await tx`select pg_sleep(10)`;
    },
    ...retryable,
    state: '57014',
    message: 'statement timeout',
  },
  'a lock timeout': {
    run: async ({ tx }) => {
      const other = bench.sql.begin(async (held) => {
        await held`lock table parents`;
        await expect(tx`select from parents`).rejects.toMatchObject({ code: '55P03' });
      });
      await tx`set local lock_timeout = '50ms'`;
      await other;
    },
    ...retryable,
    state: '55P03',
    message: 'lock timeout',
  },
  'read only': {
    run: async ({ tx }) => tx`set transaction read only`,
    ...final,
    state: '25006',
    message: 'read-only transaction',
  },
  'a rollback': {
    run: async ({ tx }) => tx`rollback`,
    code: 'TRANSACTION_CONTROL',
    class: 'final',
    message: 'ROLLBACK was refused',
  },
  'an error that it caught': {
    run: async ({ tx }) => {
      await tx`insert into ledger (name, attempt) values (null, 1)`.catch(() => {});
      return 'went on';
    },
    code: 'CONFLICT',
    class: 'final',
    state: '23502',
    message: 'null value in column "name"',
  },
  'an error that it caught, and the one that follows from it': {
    run: async ({ tx }) => {
      await tx`select 1 / 0`.catch(() => {});
      await tx`select 1`;
    },
    code: 'INVALID_INPUT',
    class: 'final',
    state: '22012',
    message: 'division by zero',
  },
  'an error that it caught, by drizzle': {
    run: async ({ tx }) => {
      const db = drizzle(tx);
      await db.execute(sql`select * from nowhere`).catch(() => {});
      await db.execute(sql`select 1`);
    },
    ...final,
    state: '42P01',
    message: 'relation "nowhere" does not exist',
  },
  'an error that it did not wait for': {
    run: async ({ tx }) => {
      tx`select 1 / 0`.catch(() => {});
      await Promise.resolve();
      await Promise.resolve();
      return 'went on';
    },
    code: 'INVALID_INPUT',
    class: 'final',
    state: '22012',
    message: 'division by zero',
  },
  'a deferred constraint': {
    run: async ({ tx }) => tx`insert into children values (1)`,
    code: 'CONFLICT',
    class: 'final',
    state: '23503',
    message: 'violates foreign key constraint',
  },
  'a serialization failure': {
    run: async ({ tx }) => {
      await tx`rollback`.catch(() => {});
      await tx.unsafe(`do $$ begin raise exception 'could not serialize' using errcode = '40001'; end $$`);
    },
    ...retryable,
    state: '40001',
    message: 'could not serialize',
  },
  'an idle transaction, by its own limit': {
    run: async ({ tx }) => {
      await tx`set local idle_in_transaction_session_timeout = '50ms'`;
      return hang();
    },
    ...retryable,
    state: '25P03',
    message: 'idle-in-transaction timeout',
  },
  'an idle transaction, noticed by the next statement': {
    run: async ({ tx, signal }) => {
      await tx`set local idle_in_transaction_session_timeout = '50ms'`;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await tx`select 1`;
    },
    ...retryable,
    state: '25P03',
    message: 'idle-in-transaction timeout',
  },
  'a transaction that takes too long': {
    run: async ({ tx }) => {
      const [server] = await tx<{ version: number }>`select current_setting('server_version_num')::int as version`;
      await tx.unsafe(
        `set local ${(server?.version ?? 0) < 170_000 ? 'idle_in_' : ''}transaction${(server?.version ?? 0) < 170_000 ? '_session' : ''}_timeout = '100ms'`,
      );
      await tx`select pg_sleep(10)`;
    },
    ...retryable,
    state: '25P04',
    message: 'transaction timeout',
  },
  'its own connection ended': {
    run: async ({ tx }) => tx`select pg_terminate_backend(pg_backend_pid())`,
    ...retryable,
    state: '57P01',
    message: 'terminating connection due to administrator command',
  },
};

async function play(name: string, run: Fault['run'], maxAttempts: number) {
  let runs = 0;
  const step = defineStep<string, unknown>({
    transactional: true,
    retry: { maxAttempts, minDelay: 1, jitter: 0 },
    run: async ({ tx, input, attempt, signal }) => {
      runs++;
      await tx`insert into ledger (name, attempt) values (${input}, ${attempt})`;
      return run({ tx, signal });
    },
  });
  const engine = await bench.worker([oneStep('faults', step)]);
  const { id } = await engine.start('faults', name);
  const view = await eventually(async () => {
    const view = await engine.get(id);
    return ['done', 'failed'].includes(view.status) && view;
  });
  return { view, step: (await engine.steps(id))[0], runs: () => runs };
}

test.each(Object.keys(faults))('one attempt, the SQL error, classified: %s', async (name) => {
  const { run, message, state, ...error } = faults[name] as Fault;
  const { view, step, runs } = await play(name, run, 1);
  expect(view).toMatchObject({ status: 'failed', error });
  expect(view.error?.message).toContain(message);
  if (state !== undefined) expect(view.error?.details).toMatchObject({ code: state });
  expect(step).toMatchObject({ attempt: 1, attempts: [{ attempt: 1, outcome: 'failed', error }] });
  expect(step?.attempts).toHaveLength(1);
  expect(runs()).toBe(1);
  expect(await entries(name)).toEqual([]);
});

test('with attempts left, what is retryable is tried again, and what is final is not', async () => {
  const again = await play('again', faults['a statement timeout that the commit meets']?.run as Fault['run'], 2);
  expect(again.step).toMatchObject({ attempt: 2, attempts: [{ outcome: 'failed' }, { outcome: 'failed' }] });
  const never = await play('never', faults['read only']?.run as Fault['run'], 2);
  expect(never.step).toMatchObject({ attempt: 1, attempts: [{ outcome: 'failed' }] });
});

test('connections that others end do not count as attempts, and after five the step says what it was', async () => {
  const cut = async ({ tx }: { tx: StepTransaction }) => {
    const [row] = await tx<{ pid: number }>`select pg_backend_pid() as pid`;
    await bench.sql`select pg_terminate_backend(${row?.pid as number})`;
    await sleep(0);
    return hang();
  };
  const { view, step, runs } = await play('cut', cut, 1);
  expect(view).toMatchObject({ status: 'failed', error: { code: 'DATABASE_UNAVAILABLE' } });
  expect(view.error?.message).toContain('The transaction of work was lost, 5 times');
  expect(step?.attempts?.map(({ outcome }) => outcome)).toEqual(['lost', 'lost', 'lost', 'lost', 'lost']);
  expect(runs()).toBe(5);
  expect(await entries('cut')).toEqual([]);
});
