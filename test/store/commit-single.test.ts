import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ErrorRecord } from '../../src/core/error.ts';
import type { Commit, LogLine, NewInstance, StepRow, TransitionRow, WorkerSession } from '../../src/engine/ports.ts';
import { singleOf } from '../../src/store/commit-single.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { createStore } from '../../src/store/postgres.ts';
import { createMigrated, type TestDatabase } from '../support/database.ts';
import { birth, commit, post, state, step, T, transition } from './contract/made.ts';

const SEED = Number(process.env['FC_SEED'] ?? 20_261_128);

let made: TestDatabase;
let database: Database;
let worker: WorkerSession;
const store = () => createStore(database);

beforeAll(async () => {
  made = await createMigrated();
  database = openDatabase(made.url);
  worker = await store().startWorker('mine', ['w'], T);
});
afterAll(async () => {
  await worker.stop(T);
  await database.close();
  await made.drop();
});

const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> => fc.option(value, { nil: null });
const text = fc.constantFrom('', 'x', 'two\nlines', `"'\\`, 'null', '{a}', 'ünïcode ☃', '$1');
const json = fc.constantFrom<unknown>(
  null,
  0,
  false,
  '',
  'null',
  [],
  {},
  { a: [null, { b: 'c\nd' }] },
  'two\nlines',
  1.5e-7,
);
const anyJson = fc.oneof(json, fc.constant(undefined));
const time = fc.integer({ min: 0, max: 10_000 }).map((ms) => T + ms);
const error: fc.Arbitrary<ErrorRecord> = fc.record({
  code: fc.constantFrom('E_ONE', 'E_TWO'),
  class: fc.constantFrom<ErrorRecord['class'][]>('final', 'retryable'),
  name: text,
  message: text,
});

const moved: fc.Arbitrary<Partial<TransitionRow>> = fc.record({
  event: text,
  payload: json,
  stepKey: maybe(text),
  from: maybe(text),
  to: text,
  emitted: maybe(fc.constant([{ type: 'emit' }])),
  timers: maybe(fc.constant({ armed: [], left: ['t'] })),
  at: time,
});

const begun: fc.Arbitrary<Partial<StepRow>> = fc.record({
  kind: fc.constantFrom<StepRow['kind'][]>('step', 'workflow', 'action'),
  step: text,
  status: fc.constantFrom<StepRow['status'][]>('queued', 'running'),
  attempt: fc.nat(3),
  input: anyJson,
  queue: maybe(text),
  worker: maybe(fc.nat(9)),
  childId: maybe(text),
  queuedAt: time,
  startedAt: maybe(time),
});

const changed: fc.Arbitrary<Partial<StepRow>> = fc.record({
  status: fc.constantFrom<StepRow['status'][]>('queued', 'running', 'retrying', 'done', 'failed'),
  attempt: fc.nat(3),
  lost: fc.nat(3),
  nextAttemptAt: maybe(time),
  output: anyJson,
  error: maybe(error),
  attempts: maybe(fc.constant([{ attempt: 1, startedAt: T, finishedAt: T, outcome: 'failed' as const }])),
  logs: maybe(fc.constant<LogLine[]>([{ at: T, level: 'info', message: 'two\nlines' }])),
  progress: maybe(fc.constantFrom(0, 0.5, 1, Number.NaN, Infinity)),
  message: maybe(text),
  worker: maybe(fc.nat(9)),
  startedAt: maybe(time),
  heartbeatAt: maybe(time),
  finishedAt: maybe(time),
});

const instance = fc.record({
  create: fc.record({
    tenant: maybe(text),
    tags: fc.uniqueArray(text, { maxLength: 2 }),
    input: json,
    key: maybe(fc.constant('key')),
    parent: maybe(fc.constant({ id: 'p', key: '1:c' })),
    startAt: maybe(time),
  }) as fc.Arbitrary<Partial<NewInstance>>,
  after: fc.record({
    status: fc.constantFrom('running' as const, 'waiting' as const, 'failed' as const, 'done' as const),
    state: text,
    snapshot: maybe(json.map((value) => ({ ...state().snapshot, context: { value } }) as never)),
    live: fc.constantFrom<string[][]>([], ['1:s']),
    output: json,
    error: maybe(error),
    finishedAt: maybe(time),
  }),
  first: maybe(begun),
  second: maybe(begun),
  change: maybe(changed),
  moved: maybe(moved),
  release: maybe(fc.record({ wakeAt: maybe(time), wake: fc.constantFrom(0, 7) })),
  releaseAtOnce: fc.boolean(),
});

/** Everything that is stored of an instance, but its name. */
async function rowsOf(id: string): Promise<unknown> {
  const rows = async (query: string) =>
    (await database.pool.unsafe(query, [id])).map((row) => row['row'] as Record<string, unknown>);
  const all = await Promise.all([
    rows('select to_json(i) as row from durachart.instances i where id = $1'),
    rows('select to_json(t) as row from durachart.transitions t where instance_id = $1 order by sequence'),
    rows('select to_json(s) as row from durachart.steps s where instance_id = $1 order by key'),
  ]);
  return all.map((list) => list.map(({ id: _, instance_id: __, xid: ___, ...row }) => row));
}

/** The two commits that bring an instance about and move it on. */
function lifeOf(id: string, of: typeof instance extends fc.Arbitrary<infer T> ? T : never): [Commit, Commit] {
  const { create, after, first, second, change, moved: how, release, releaseAtOnce } = of;
  const movedAs = (sequence: number): TransitionRow[] => (how === null ? [] : [{ ...transition(sequence), ...how }]);
  return [
    birth(
      id,
      { ...create, leased: true },
      {
        transitions: movedAs(1),
        newSteps: first === null ? [] : [step('1:s', first)],
        release: releaseAtOnce ? release : null,
      },
    ),
    commit(id, {
      after: { ...state({ sequence: 2 }), ...after },
      transitions: movedAs(2),
      newSteps: second === null ? [] : [step('2:s', second)],
      steps: change === null ? [] : [step('1:s', change)],
      release,
      at: T + 5,
    }),
  ];
}

test(
  'a commit leaves the same rows and tells the same people, alone and in a batch',
  { timeout: 120_000 },
  async () => {
    const channels = ['durachart_change', 'durachart_work', 'durachart_end'];
    const heard = new Map(channels.map((channel) => [channel, new Set<string>()]));
    for (const [channel, ids] of heard)
      await database.pool.listen(channel, (payload) => payload.split(',').forEach((id) => ids.add(id)));
    const stored = new Set<number>();
    let n = 0;
    console.info('commits', { seed: SEED });
    await fc.assert(
      fc.asyncProperty(instance, async (of) => {
        n++;
        const alone = lifeOf(`alone-${n}`, of);
        const among = lifeOf(`among-${n}`, of);
        for (const i of [0, 1] as const) {
          expect(singleOf([alone[i]])).toBe(alone[i]);
          const one = await store().commit(worker.id, [alone[i]]);
          const many = await store().commit(worker.id, [among[i], birth(`other-${n}-${i}`)]);
          expect(one.map(({ released }) => released)).toEqual(
            many.filter(({ id }) => id === among[i].id).map(({ released }) => released),
          );
          if (i === 1 && one.length > 0) stored.add(n);
          expect(await rowsOf(alone[i].id)).toEqual(await rowsOf(among[i].id));
        }
      }),
      { seed: SEED, numRuns: 150 },
    );
    expect(n).toBeGreaterThanOrEqual(150);
    // Notifications come in order: with these, all that were before them are there.
    await Promise.all(channels.map(async (channel) => database.pool.notify(channel, 'last')));
    await vi.waitFor(() => expect([...heard.values()].every((ids) => ids.has('last'))).toBe(true));
    // Of what is not stored a batch tells all the same, if anything in it is.
    const told = (ids: ReadonlySet<string>, name: string): number[] =>
      [...stored].filter((k) => ids.has(`${name}-${k}`)).toSorted((x, y) => x - y);
    for (const ids of heard.values()) {
      expect(told(ids, 'alone')).not.toEqual([]);
      expect(told(ids, 'alone')).toEqual(told(ids, 'among'));
    }
  },
);

test('alone, a commit is fenced as in a batch', async () => {
  await store().commit(worker.id, [birth('fenced', { leased: true, input: 'first' })]);
  const before = await rowsOf('fenced');
  const rest = { transitions: [transition(2)], newSteps: [step('2:s')], steps: [step('1:s')] };
  const tries = [
    birth('fenced', { leased: true, input: 'second' }, rest),
    commit('fenced', { expected: 2, ...rest }),
    commit('nobody', rest),
  ];
  for (const one of tries) expect(await store().commit(worker.id, [one])).toEqual([]);
  expect(await store().commit(worker.id + 1, [commit('fenced', rest)])).toEqual([]);
  expect(await rowsOf('fenced')).toEqual(before);
});

test('what is written for others, or in numbers, goes as a batch', () => {
  const alone = commit('a', { transitions: [transition(2)], newSteps: [step('2:s')], steps: [step('1:s')] });
  expect(singleOf([alone])).toBe(alone);
  const others: Partial<Commit>[] = [
    { transitions: [transition(2), transition(3)] },
    { newSteps: [step('2:s'), step('2:t')] },
    { steps: [step('1:s'), step('1:t')] },
    { requires: 'b' },
    { timers: [{ id: 't', event: { type: 'E' }, to: 'a', dueAt: T, sequence: 1 }] },
    { cancelled: 'all' },
    { cancelled: ['t'] },
    { posts: [post('b')] },
    { consumed: [{ id: 1, status: 'taken', sequence: 1 }] },
    { subscriptions: [] },
    { published: [{ name: 'e', payload: null, key: 'k' }] },
    { stoppedItems: [{ fanOut: '1:f', from: 0, to: 1 }] },
  ];
  for (const other of others) expect(singleOf([{ ...alone, ...other }])).toBeUndefined();
  expect(singleOf([alone, commit('b')])).toBeUndefined();
  expect(singleOf([])).toBeUndefined();
});
