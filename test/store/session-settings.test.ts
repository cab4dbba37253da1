import fc from 'fast-check';
import { afterEach, beforeAll, afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { assign, setup } from 'xstate';
import { systemClock } from '../../src/engine/clock.ts';
import { createEngine, defineStep, defineWorkflow, migrate, migrateWorkflows, type Clock } from '../../src/index.ts';
import { openQuerySession } from '../../src/store/query-session.ts';
import { run } from '../cli/support/cli.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { execute } from '../support/execute.ts';
import { reached } from '../support/engine.ts';

type Setting = readonly [name: string, value: string];

/** Settings of a server, a database or a role, each at its worst for what is read, written or planned. */
const WORST: readonly Setting[] = [
  ['datestyle', 'German, DMY'],
  ['datestyle', 'SQL, DMY'],
  ['datestyle', 'Postgres, YMD'],
  ['bytea_output', 'escape'],
  ['extra_float_digits', '-15'],
  ['intervalstyle', 'sql_standard'],
  ['timezone', 'Asia/Kathmandu'],
  ['client_encoding', 'LATIN1'],
  ['array_nulls', 'off'],
  ['standard_conforming_strings', 'off'],
  ['search_path', 'decoys, pg_catalog'],
  ['default_transaction_isolation', 'serializable'],
  ['statement_timeout', '1ms'],
  ['lock_timeout', '1ms'],
  ['idle_session_timeout', '20ms'],
  ['idle_in_transaction_session_timeout', '20ms'],
];

const PLANNER: readonly Setting[] = [
  ['plan_cache_mode', 'force_custom_plan'],
  ['jit', 'on'],
  ['jit_above_cost', '0'],
  ['enable_indexscan', 'off'],
  ['enable_nestloop', 'off'],
  ['join_collapse_limit', '1'],
];

/** Those that are not pinned, since nothing depends on them. */
const HARMLESS: readonly Setting[] = [
  ['lc_numeric', 'C.UTF-8'],
  ['lc_monetary', 'C.UTF-8'],
  ['lc_time', 'C.UTF-8'],
  ['quote_all_identifiers', 'on'],
  ['transform_null_equals', 'on'],
  ['default_transaction_deferrable', 'on'],
  ['client_min_messages', 'debug5'],
  ['row_security', 'off'],
  ['xmlbinary', 'hex'],
];

/** What a role's statements may take is the role's to say: a step's own are ended. */
const isCalm = (name: string): boolean => name !== 'statement_timeout';

/** Values of which a wrong style makes others: day and month, bytes, digits, what is not there. */
const VALUES = {
  at: new Date('2026-03-04T05:06:07.089Z'),
  bytes: Buffer.from([0, 39, 92, 200, 255]),
  float: 0.1 + 0.2,
  list: ['a', null, 'NULL', 'ü\\'],
};

const write = defineStep<unknown, unknown>({
  transactional: true,
  retry: { maxAttempts: 1 },
  run: async ({ key, tx }) => {
    const { at, bytes, float, list } = VALUES;
    await tx`insert into public.written (key, at, day, bytes, float, list) values (${key}, ${at}, ${'2026-03-04'}, ${bytes}, ${float}, ${list as string[]})`;
    const [row] = await tx<{ at: Date; bytes: Buffer; day: string }>`
      select at, bytes, float, list, day::text as day from public.written where key = ${key}`;
    return { ...row, at: row?.at.toISOString(), bytes: row?.bytes.toString('base64') };
  },
});

const tick = defineStep<unknown, number>({ run: () => Promise.resolve(VALUES.float) });

const walk = defineWorkflow({
  machine: setup({
    types: {} as {
      context: { float: number; written: unknown };
      events: { type: 'GO' } | { type: 'END' };
      output: { written: unknown; float: number };
    },
    actors: { write, tick },
  }).createMachine({
    id: 'walk',
    context: { float: 0, written: null },
    output: ({ context }) => context,
    initial: 'BEGUN',
    states: {
      BEGUN: {
        invoke: {
          id: 'tick',
          src: 'tick',
          onDone: { target: 'TICKED', actions: assign({ float: ({ event }) => event.output }) },
        },
      },
      TICKED: { after: { 50: 'WAITING' } },
      WAITING: { on: { GO: 'WRITING', END: 'ENDED' }, after: { 3_600_000: 'LATE' } },
      WRITING: {
        invoke: {
          id: 'write',
          src: 'write',
          onDone: { target: 'ENDED', actions: assign({ written: ({ event }) => event.output }) },
        },
      },
      LATE: {},
      ENDED: { type: 'final' },
    },
  }),
  schedules: [{ cron: '0 9 1 1 *', timezone: 'Europe/Berlin' }],
});

/** Time as it is; it notes for how long somebody wanted to wait. */
function notingClock(): { clock: Clock; waits: number[] } {
  const waits: number[] = [];
  return {
    waits,
    clock: {
      now: systemClock.now,
      after: (delay, callback) => (waits.push(delay), systemClock.after(delay, callback)),
    },
  };
}

let database: TestDatabase;
let name: string;
/** As the database's administrator sees it. */
const admin = (statement: string): Promise<void> => execute(`${database.url}?options=${SAFE}`, statement);
const SAFE = encodeURIComponent('-c statement_timeout=0 -c idle_session_timeout=0 -c client_encoding=UTF8');

beforeAll(async () => {
  database = await createDatabase();
  name = new URL(database.url).pathname.slice(1);
  // Whoever puts a schema before pg_catalog has his own functions called.
  await execute(database.url, 'create schema decoys');
  await execute(
    database.url,
    `create function decoys.to_timestamp(float8) returns timestamptz language sql as $$ select 'epoch'::timestamptz $$`,
  );
  await execute(
    database.url,
    `create function decoys.now() returns timestamptz language sql as $$ select 'epoch'::timestamptz $$`,
  );
  await execute(
    database.url,
    'create table public.written (key text, at timestamptz, day date, bytes bytea, float float8, list text[])',
  );
});
afterAll(async () => database.drop());
afterEach(async () => admin(`alter database ${name} reset all`));

const set = async (settings: readonly Setting[]): Promise<void> => {
  for (const [setting, value] of settings) {
    const list = setting === 'search_path' ? value : `'${value}'`;
    await admin(`alter database ${name} set ${setting} = ${list}`);
  }
};

/** Goes through what an engine reads and writes, and holds it against what it is with no setting at all. */
async function prove(url: string, handlers: boolean): Promise<void> {
  await migrate(url);
  await migrateWorkflows(url, [walk]);
  await admin('truncate durachart.instances, durachart.transitions, durachart.steps');
  const faults: unknown[] = [];
  const { clock, waits } = notingClock();
  const engine = createEngine({
    database: url,
    workflows: [walk],
    clock,
    onFault: (message, error) => faults.push(`${message} ${String(error)}`),
  });
  onTestFinished(async () => engine.stop({ grace: 0 }));
  const began = Date.now();
  await engine.work();
  const tenant = crypto.randomUUID();
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) ids.push((await engine.start('walk', undefined, { tenant })).id);
  for (const id of ids) await reached(engine, id, 'WAITING');

  // Lists, from page to page.
  const listed: string[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await engine.list({ tenant, limit: 1, ...(cursor === undefined ? {} : { cursor }) });
    listed.push(...page.items.map(({ id }) => id));
    if (page.next === null) break;
    cursor = page.next;
  }
  expect(listed).toEqual(ids.toReversed());
  const [first = '', second = '', third = ''] = ids;

  // History and timers.
  const { items: history } = await engine.history(first);
  expect(history.map(({ to }) => to)).toEqual(['BEGUN', 'TICKED', 'WAITING']);
  for (const { at } of history) expect(at.getTime()).toBeWithin(began, Date.now());
  const { timers } = await engine.get(first);
  // A delay counts from when the transition was due.
  expect(timers).toHaveLength(1);
  for (const { dueAt } of timers)
    expect(dueAt.getTime() - 3_600_000).toBeWithin(began, (history[2]?.at.getTime() ?? 0) + 1);

  // An export, as it is and as an import.
  const document = await engine.export(first);
  const copy = await engine.import(document, { id: crypto.randomUUID() });
  const { instance } = await engine.export(copy.id);
  expect(instance.createdAt).toBe(document.instance.createdAt);
  expect((await engine.history(copy.id)).items.map(({ at }) => at)).toEqual(history.map(({ at }) => at));

  // What a step writes and reads in a transaction of its own.
  await engine.send(first, { type: handlers ? 'GO' : 'END' });
  const { at, bytes, float, list } = VALUES;
  const written = handlers
    ? { at: at.toISOString(), bytes: bytes.toString('base64'), float, list, day: '2026-03-04' }
    : null;
  expect(await engine.result(first)).toEqual({ float, written });
  for (const id of [second, third]) await engine.send(id, { type: 'END' });
  await engine.result(second);
  await engine.result(third);

  // Statistics, schedules, retention.
  const overview = await engine.overview();
  expect(overview.throughput.length).toBeGreaterThan(0);
  for (const minute of overview.throughput) expect(Math.abs(minute.at.getTime() - began)).toBeLessThan(3_600_000);
  const { states, versions } = await engine.statistics('walk');
  expect(versions[0]?.firstAt.getTime()).toBeLessThanOrEqual(Date.now());
  expect(states.find(({ state }) => state === 'TICKED')?.p50Ms).toBeGreaterThan(49);
  const [schedule] = await engine.schedules();
  expect(schedule?.next[0]?.toISOString()).toMatch(/-01-01T08:00:00.000Z$/);
  const endedBefore = new Date(Date.now() + 1_000);
  expect(await engine.retention({ endedBefore: new Date(began), dryRun: true })).toMatchObject({ instances: 0 });
  expect((await engine.retention({ endedBefore })).instances).toBe(3);

  // Whoever waits for a time that is none does not wait.
  expect(waits.filter((wait) => !Number.isFinite(wait))).toEqual([]);
  await engine.cancel(copy.id);
  await engine.stop();
  expect(faults).toEqual([]);
}

expect.extend({
  toBeWithin: (received: number, from: number, to: number) => ({
    pass: received >= from && received <= to,
    message: () => `${received} is not from ${from} to ${to}`,
  }),
});
declare module 'vitest' {
  interface Matchers {
    toBeWithin(from: number, to: number): unknown;
  }
}

describe('what is read, written and planned does not depend on defaults of the database', () => {
  const cases: readonly (readonly Setting[])[] = [...WORST.map((each) => [each]), PLANNER, HARMLESS];
  test.each(cases.map((settings) => ({ settings, words: settings.map((each) => each.join(' = ')).join(', ') })))(
    '$words',
    async ({ settings }) => {
      await set(settings);
      await prove(
        database.url,
        settings.every(([each]) => isCalm(each)),
      );
    },
  );

  test('nor on what the URL asks of the server', async () => {
    const url = `${database.url}?DateStyle=German&bytea_output=escape&TimeZone=Asia/Kathmandu&search_path=decoys,pg_catalog&extra_float_digits=-15&options=${encodeURIComponent('-c intervalstyle=sql_standard -c lock_timeout=1')}`;
    await prove(url, true);
  });

  test('nor on any of them together', { timeout: 120_000 }, async () => {
    const seed = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31);
    console.log(`session-settings: FC_SEED=${seed}`);
    const some = fc.uniqueArray(fc.constantFrom(...WORST, ...PLANNER, ...HARMLESS), {
      minLength: 2,
      selector: ([each]) => each,
    });
    await fc.assert(
      fc.asyncProperty(some, async (settings) => {
        await admin(`alter database ${name} reset all`);
        await set(settings);
        await prove(
          database.url,
          settings.every(([each]) => isCalm(each)),
        );
      }),
      { seed, numRuns: 4, endOnFailure: true },
    );
  });
});

test('in the transaction of a step, what its SQL means is as the role has it', async () => {
  await set([
    ['datestyle', 'German, DMY'],
    ['timezone', 'Asia/Kathmandu'],
    ['search_path', 'decoys, pg_catalog'],
    ['default_transaction_isolation', 'serializable'],
  ]);
  const read = defineStep<unknown, unknown>({
    transactional: true,
    run: async ({ tx }) => {
      const [row] = await tx`
        select '03/04/2026'::date::text as day, current_setting('timezone') as timezone, current_setting('search_path') as search_path,
          current_setting('transaction_isolation') as isolation`;
      return row;
    },
  });
  const machine = setup({ types: {} as { context: { row: unknown } }, actors: { read } }).createMachine({
    id: 'meaning',
    context: { row: null },
    output: ({ context }) => context.row,
    initial: 'A',
    states: {
      A: { invoke: { src: 'read', onDone: { target: 'B', actions: assign({ row: ({ event }) => event.output }) } } },
      B: { type: 'final' },
    },
  });
  await migrate(database.url);
  const engine = createEngine({ database: database.url, workflows: [defineWorkflow({ machine })], onFault: () => {} });
  onTestFinished(async () => engine.stop({ grace: 0 }));
  await engine.work();
  const { id } = await engine.start('meaning', undefined);
  expect(await engine.result(id)).toEqual({
    day: '2026-04-03',
    timezone: 'Asia/Kathmandu',
    search_path: 'decoys, pg_catalog',
    isolation: 'serializable',
  });
});

test('what the command sql prints is read right', async () => {
  await set([
    ['datestyle', 'German, DMY'],
    ['bytea_output', 'escape'],
    ['extra_float_digits', '-15'],
  ]);
  const query = `select '2026-03-04T00:00:00Z'::timestamptz as at, '\\x00ff'::bytea as bytes, 0.30000000000000004::float8 as float`;
  const { out, err } = await run(['sql', query], {
    host: { openQuery: (seconds) => openQuerySession(database.url, seconds) },
  });
  expect(err).toBe('');
  expect(out).toMatch(/2026-03-04T00:00:00\.000Z +\\x00ff +0\.30000000000000004/);
});
