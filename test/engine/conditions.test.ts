import { beforeAll, expect, test } from 'vitest';
import {
  defineStep,
  migrateWorkflows,
  StepError,
  type Engine,
  type ListOptions,
  type Workflow,
} from '../../src/index.ts';
import { eventually, standing, stepWhere, useBench } from '../support/engine.ts';
import { HeldStep, oneStep, waitsForGo } from '../support/machines.ts';

const bench = useBench();

const fails = (name: string) =>
  oneStep(
    name,
    defineStep<unknown, null>({ run: () => Promise.reject(new StepError('GONE', 'gone', { retryable: false })) }),
  );
const busy = oneStep(
  'busy',
  defineStep<unknown, null>({
    retry: { maxAttempts: 5, minDelay: 3_600_000, maxDelay: 3_600_000 },
    run: () => Promise.reject(new StepError('BUSY', 'busy', { retryable: true })),
  }),
);
const held = new HeldStep();
const all = [
  fails('fails'),
  busy,
  oneStep('holds', held.step()),
  waitsForGo('waits'),
] as unknown as readonly Workflow[];

/** Of each kind one instance, in the order in which they were started. */
const ids = { failed: '', cancelled: '', retrying: '', waiting: '', done: '', running: '' };
let engine: Engine;
const start = async (name: keyof typeof ids, workflow: string, tags: string[] = []): Promise<void> => {
  ids[name] = (await engine.start(workflow, null, { tags, tenant: 't' })).id;
};
const found = async (options: ListOptions): Promise<string[]> => {
  const names = new Map(Object.entries(ids).map(([name, id]) => [id, name]));
  return (await engine.list(options)).items.map(({ id }) => names.get(id) ?? id);
};

beforeAll(async () => {
  await migrateWorkflows(bench.url, all);
});

test('by error code, condition and age, alone and together', async () => {
  engine = await bench.worker(all);
  await start('failed', 'fails', ['a']);
  await start('cancelled', 'waits', ['a', 'b']);
  await start('retrying', 'busy', ['b']);
  await start('waiting', 'waits');
  await start('done', 'waits');
  await start('running', 'holds', ['a']);
  await engine.cancel(ids.cancelled);
  await engine.send(ids.done, { type: 'GO' });
  await held.called(1);
  await standing(engine, ids.failed, 'failed');
  await standing(engine, ids.cancelled, 'cancelled');
  await standing(engine, ids.done, 'done');
  await stepWhere(engine, ids.retrying, ({ status }) => status === 'retrying');
  await eventually(async () => (await bench.sql`select from durachart.instances where lease is null`).length === 5);

  expect(await found({ errorCode: 'GONE' })).toEqual(['failed']);
  expect(await found({ errorCode: 'CANCELLED', tag: 'b' })).toEqual(['cancelled']);
  expect(await found({ errorCode: 'NONE' })).toEqual([]);
  expect(await found({ is: 'waiting' })).toEqual(['waiting']);
  expect(await found({ is: 'waiting', workflow: 'holds' })).toEqual([]);
  expect(await found({ is: 'waiting', status: 'done' })).toEqual([]);
  expect(await found({ is: 'retrying' })).toEqual(['retrying']);
  expect(await found({ is: 'retrying', tag: 'b', tenant: 't' })).toEqual(['retrying']);
  expect(await found({ is: 'retrying', tag: 'a' })).toEqual([]);
  expect(await found({ is: 'stuck' })).toEqual(['failed']);
  expect(await found({ is: 'stuck', tenant: 't' })).toEqual(['failed']);
  expect(await found({ is: 'stuck', tag: 'a', errorCode: 'GONE' })).toEqual(['failed']);
  expect(await found({ is: 'stuck', status: 'running' })).toEqual([]);
  expect(await found({ is: 'overdue' })).toEqual([]);
  expect(await found({ status: 'running' })).toEqual(['running', 'retrying']);
  expect(await found({ status: 'running', tag: 'a' })).toEqual(['running']);
  expect(await found({ state: 'BEGUN', tenant: 't' })).toEqual(['running', 'retrying', 'failed']);
  expect(await found({ workflow: 'waits' })).toEqual(['done', 'waiting', 'cancelled']);

  const { createdAt } = await engine.get(ids.waiting);
  expect(await found({ since: createdAt, workflow: 'waits' })).toEqual(['done', 'waiting']);
  expect(await found({ until: createdAt, tag: 'a' })).toEqual(['cancelled', 'failed']);
  expect(await found({ since: createdAt, until: createdAt })).toEqual([]);

  expect(await engine.counts()).toEqual([
    { workflow: 'busy', status: 'running', state: 'BEGUN', count: 1, more: false },
    { workflow: 'fails', status: 'failed', state: 'BEGUN', count: 1, more: false },
    { workflow: 'holds', status: 'running', state: 'BEGUN', count: 1, more: false },
    { workflow: 'waits', status: 'cancelled', state: 'WAITING', count: 1, more: false },
    { workflow: 'waits', status: 'done', state: 'DONE', count: 1, more: false },
    { workflow: 'waits', status: 'waiting', state: 'WAITING', count: 1, more: false },
  ]);
  expect(await engine.counts({ status: 'running', workflow: 'holds', state: 'BEGUN' })).toHaveLength(1);
  expect(await engine.counts({ workflow: 'none' })).toEqual([]);
  held.release(1);
  await engine.result(ids.running);
});

test('what nobody took in time is overdue, and stuck', async () => {
  engine = bench.engine(all);
  const { id } = await engine.start('waits', null, { tags: ['late'] });
  // A worker that knows the workflow would take it; there is none any more.
  await bench.sql`update durachart.instances set wake_at = now() - interval '1 minute' where id = ${id}`;
  expect(await found({ is: 'overdue' })).toEqual([id]);
  expect(await found({ is: 'stuck', workflow: 'waits' })).toEqual([id]);
  expect(await found({ is: 'stuck', tag: 'late' })).toEqual([id]);
  expect(await found({ is: 'overdue', until: new Date(0) })).toEqual([]);
  await bench.sql`delete from durachart.instances where id = ${id}`;
});

test('pages of every way of asking are complete and in order, wherever the instances are', async () => {
  engine = bench.engine(all);
  const times = Array.from({ length: 40 }, (_, i) => new Date(Date.UTC(2020, 0, 1 + Math.floor(i / 3))));
  for (const [i, at] of times.entries())
    await bench.sql`insert into durachart.instances (id, workflow, version, tenant, tags, created_at, status, state, sequence, live, updated_at, lease, error_code)
      values (${`page-${i}`}, ${`w${i % 2}`}, '1', 'pages', '{pages}', ${at}, ${i % 4 === 0 ? 'failed' : 'waiting'}, ${`S${i % 3}`}, 1, '[]', ${at}, ${i % 5 === 0 ? 99 : null}, ${i % 4 === 0 ? 'PAGED' : null})`;
  const asked: [ListOptions, (i: number) => boolean][] = [
    [{ tenant: 'pages' }, () => true],
    [{ tag: 'pages' }, () => true],
    [{ tag: 'pages', status: 'waiting' }, (i) => i % 4 !== 0],
    [{ workflow: 'w1' }, (i) => i % 2 === 1],
    [{ workflow: 'w0', state: 'S1' }, (i) => i % 2 === 0 && i % 3 === 1],
    [{ state: 'S2' }, (i) => i % 3 === 2],
    [{ status: 'failed', until: new Date(Date.UTC(2020, 0, 8)) }, (i) => i % 4 === 0 && i < 21],
    [{ errorCode: 'PAGED' }, (i) => i % 4 === 0],
    [{ is: 'stuck', workflow: 'w0', status: 'failed' }, (i) => i % 4 === 0],
    [{ is: 'waiting', workflow: 'w0' }, (i) => i % 2 === 0 && i % 4 !== 0],
  ];
  for (const [options, fits] of asked) {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<Engine['list']>> = await engine.list({
        ...options,
        limit: 4,
        ...(cursor === null ? {} : { cursor }),
      });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== null);
    const wanted = times.flatMap((at, i) => (fits(i) ? [{ id: `page-${i}`, at: at.getTime() }] : []));
    wanted.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
    expect(seen, JSON.stringify(options)).toEqual(wanted.map(({ id }) => id));
  }
  await bench.sql`delete from durachart.instances where tenant = 'pages'`;
});

test('a count beyond ten thousand is not counted on', async () => {
  await bench.sql`insert into durachart.instances (id, workflow, version, created_at, status, state, sequence, live, updated_at)
    select 'many-' || g, 'many', '1', now(), 'waiting', 'S', 1, '[]', now() from generate_series(1, 10001) g`;
  engine = bench.engine(all);
  expect(await engine.counts({ workflow: 'many' })).toEqual([
    { workflow: 'many', status: 'waiting', state: 'S', count: 10_000, more: true },
  ]);
});

test.each([
  [{ is: 'gone' }],
  [{ is: 'stuck v; drop table durachart.instances' }],
  [{ since: new Date(Number.NaN) }],
  [{ until: '2026-01-01' }],
  [{ errorCode: '' }],
])('refuses %j', async (options) => {
  await expect(bench.engine(all).list(options as ListOptions)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});
