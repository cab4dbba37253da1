import { setup } from 'xstate';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import {
  defineStep,
  defineWorkflow,
  StepError,
  type StepOptions,
  type TransactionalStepContext,
} from '../../src/index.ts';
import { eventually, reached, standing, useBench } from '../support/engine.ts';
import { HOUR, ManualClock, YEAR } from '../support/manual-clock.ts';
import { oneStep } from '../support/machines.ts';

const bench = useBench();

beforeAll(async () => {
  await bench.sql`create table ledger (id bigserial primary key, name text not null, attempt int not null)`;
});

const entries = async (name: string): Promise<number[]> =>
  (await bench.sql<{ attempt: number }[]>`select attempt from ledger where name = ${name} order by id`).map(
    ({ attempt }) => attempt,
  );

/** A step that writes its input and attempt into the ledger, and then does `more`. */
function writes(more: (context: TransactionalStepContext<string>) => unknown, options: StepOptions = {}) {
  return defineStep<string, unknown>({
    retry: { maxAttempts: 3, minDelay: 1 },
    ...options,
    transactional: true,
    run: async (context) => {
      await context.tx`insert into ledger (name, attempt) values (${context.input}, ${context.attempt})`;
      return more(context);
    },
  });
}

test('its rows and its result are one commit', async () => {
  const engine = await bench.worker([
    oneStep(
      'tx',
      writes(() => ({ ok: true })),
    ),
  ]);
  const { id } = await engine.start('tx', 'one commit');
  expect(await engine.result(id, { timeout: 10_000 })).toEqual({ ok: true });
  expect(await entries('one commit')).toEqual([1]);
  const rows =
    await bench.sql`select 1 from ledger l, durachart.steps s where l.name = 'one commit' and s.instance_id = ${id} and l.xmin::text = s.xmin::text`;
  // The engine's own commit may have written the step's row again since; it never undoes it.
  expect(rows.length).toBeLessThanOrEqual(1);
  expect((await engine.steps(id))[0]).toMatchObject({ status: 'done', output: { ok: true }, attempt: 1 });
});

test('an error rolls its rows back, and the next attempt writes them', async () => {
  const step = writes(({ attempt }) => {
    if (attempt < 3) throw new Error('after the write');
    return attempt;
  });
  const engine = await bench.worker([oneStep('tx-error', step)]);
  const { id } = await engine.start('tx-error', 'rolled back');
  expect(await engine.result(id, { timeout: 10_000 })).toBe(3);
  expect(await entries('rolled back')).toEqual([3]);
});

test.each([
  ['an output that its schema refuses', { output: z.string() }, () => 7],
  ['an output that is no JSON', {}, () => new Map()],
  [
    'a constraint that it breaks',
    {},
    ({ tx }: TransactionalStepContext<string>) => tx`insert into ledger (name, attempt) values (null, 1)`,
  ],
])('%s rolls everything back', async (name, more, run) => {
  const step = defineStep<string, unknown>({
    retry: { maxAttempts: 1 },
    ...more,
    transactional: true,
    run: async (context) => {
      await context.tx`insert into ledger (name, attempt) values (${context.input}, 1)`;
      return run(context);
    },
  });
  const engine = await bench.worker([oneStep('tx-bad', step)]);
  const { id } = await engine.start('tx-bad', name);
  const { error } = await standing(engine, id, 'failed');
  expect(error?.code).toMatch(/^(INVALID_OUTPUT|CONFLICT)$/);
  expect(await entries(name)).toEqual([]);
});

test('null is a result', async () => {
  const engine = await bench.worker([
    oneStep(
      'tx-null',
      writes(() => null),
    ),
    oneStep(
      'tx-void',
      writes(() => undefined),
    ),
  ]);
  for (const name of ['tx-null', 'tx-void'] as const) {
    const { id } = await engine.start(name, name);
    expect(await engine.result(id, { timeout: 10_000 })).toBe(null);
    expect((await engine.steps(id))[0]?.output).toBe(name === 'tx-null' ? null : undefined);
  }
});

test('after a timeout its rows are not written, however late it returns', async () => {
  const clock = new ManualClock();
  const doors: (() => void)[] = [];
  const step = writes(
    async ({ attempt }) => {
      if (attempt === 1) await new Promise<void>((resolve) => doors.push(resolve));
      return attempt;
    },
    { timeout: HOUR },
  );
  const engine = await bench.worker([oneStep('tx-late', step)], { clock, deadAfter: YEAR });
  const { id } = await engine.start('tx-late', 'late');
  await eventually(() => doors.length === 1);
  clock.advance(2 * HOUR);
  expect(await engine.result(id, { timeout: 10_000 })).toBe(2);
  doors[0]?.();
  await eventually(
    async () =>
      (
        await bench.sql`select 1 from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()`
      ).length === 0,
  );
  expect(await entries('late')).toEqual([2]);
});

test('after a takeover it is fenced: nothing that it wrote stays', async () => {
  const doors: (() => void)[] = [];
  const step = writes(async ({ attempt }) => {
    if (doors.length === 0) await new Promise<void>((resolve) => doors.push(resolve));
    return attempt;
  });
  const workflow = oneStep('tx-fenced', step);
  const first = await bench.worker([workflow]);
  const { id } = await first.start('tx-fenced', 'fenced');
  await eventually(() => doors.length === 1);
  // Declared dead while it only slept: another worker goes on.
  const [worker] = await bench.sql<{ lease: number }[]>`select lease from durachart.instances where id = ${id}`;
  await bench.sql`update durachart.workers set stopped_at = now() where id = ${worker?.lease as number}`;
  const second = await bench.worker([workflow]);
  expect(await second.result(id, { timeout: 10_000 })).toBe(1);
  doors[0]?.();
  await eventually(
    async () =>
      (
        await bench.sql`select 1 from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()`
      ).length === 0,
  );
  expect(await entries('fenced')).toEqual([1]);
  expect((await second.steps(id))[0]).toMatchObject({
    status: 'done',
    attempts: [{ outcome: 'lost', error: { code: 'WORKER_LOST' } }],
  });
});

test('a handler whose connection is lost is told at once, and the step begins again', async () => {
  const signals: AbortSignal[] = [];
  const step = writes(async ({ signal }) => {
    signals.push(signal);
    if (signals.length > 1) return signals.length;
    return new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('told')));
    });
  });
  const engine = await bench.worker([oneStep('tx-cut', step)]);
  const { id } = await engine.start('tx-cut', 'cut');
  await eventually(() => signals.length === 1);
  await bench.sql`select pg_terminate_backend(pid) from pg_stat_activity
    where state = 'idle in transaction' and datname = current_database()`;
  expect(await engine.result(id, { timeout: 10_000 })).toBe(2);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  expect(await entries('cut')).toEqual([1]);
});

test('a step that was stopped does not commit', async () => {
  const doors: (() => void)[] = [];
  const step = writes(async () => new Promise<void>((resolve) => doors.push(resolve)));
  const machine = setup({ actors: { step }, types: {} as { events: { type: 'LEAVE' } } }).createMachine({
    id: 'tx-left',
    initial: 'A',
    states: { A: { invoke: { src: 'step', input: 'left', onDone: 'WRONG' }, on: { LEAVE: 'B' } }, B: {}, WRONG: {} },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('tx-left', undefined);
  await eventually(() => doors.length === 1);
  await engine.send(id, { type: 'LEAVE' });
  await reached(engine, id, 'B');
  doors[0]?.();
  await eventually(
    async () =>
      (
        await bench.sql`select 1 from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()`
      ).length === 0,
  );
  expect(await entries('left')).toEqual([]);
  expect((await engine.get(id)).state).toBe('B');
});

test('many at once do not share a transaction', async () => {
  const step = defineStep<number, number>({
    transactional: true,
    run: async ({ tx, input }) => {
      await tx`insert into ledger (name, attempt) values ('many', ${input})`;
      if (input % 3 === 0) throw new StepError('NOT_FOUND', 'rolled back');
      const rows = await tx<{
        attempt: number;
      }>`select attempt from ledger where name = 'many' and xmin::text = (pg_current_xact_id()::text::bigint % (2::bigint^32)::bigint)::text`;
      return rows.length;
    },
  });
  const engine = await bench.worker([oneStep('tx-many', step)]);
  const ids = await Promise.all(Array.from({ length: 60 }, (_, n) => engine.start('tx-many', n)));
  const results = await Promise.allSettled(ids.map(({ id }) => engine.result(id, { timeout: 15_000 })));
  results.forEach((result, n) =>
    expect(result).toMatchObject(n % 3 === 0 ? { status: 'rejected' } : { status: 'fulfilled', value: 1 }),
  );
  expect(await entries('many')).toHaveLength(40);
});

test('however many are open, the engine still reads, sends and says that it lives', async () => {
  const doors: (() => void)[] = [];
  const step = defineStep<unknown, null>({
    transactional: true,
    run: async ({ tx }) => {
      await tx`select 1`;
      await new Promise<void>((resolve) => doors.push(resolve));
      return null;
    },
  });
  const engine = await bench.worker([oneStep('tx-open', step)]);
  const ids = await Promise.all(Array.from({ length: 12 }, () => engine.start('tx-open', null)));
  await eventually(() => doors.length >= 10);
  const [{ beat_at: before }] =
    (await bench.sql`select max(beat_at) as beat_at from durachart.workers where stopped_at is null`) as unknown as [
      { beat_at: Date },
    ];
  expect(await engine.list({ workflow: 'tx-open' })).toMatchObject({ items: { length: 12 } });
  await eventually(
    async () =>
      (await bench.sql`select from durachart.workers where stopped_at is null and beat_at > ${before}`).length > 0,
  );
  let ended = 0;
  const results = Promise.all(ids.map(({ id }) => engine.result(id, { timeout: 10_000 }).then(() => ended++)));
  await eventually(() => {
    for (const open of doors.splice(0)) open();
    return ended === ids.length;
  });
  await results;
});
