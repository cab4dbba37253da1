import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { createEngine, createLocalArtifacts, type ArtifactStore, type Engine, type Workflow } from '../../src/index.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { Payloads } from '../../src/engine/payloads/payloads.ts';
import { retain } from '../../src/engine/retention.ts';
import { standing, useBench } from '../support/engine.ts';
import { waitsForGo } from '../support/machines.ts';

const bench = useBench();
const TABLES = ['instances', 'transitions', 'steps', 'events', 'timers', 'runs', 'tags'];
const TOMORROW = new Date(Date.now() + 86_400_000);

async function newEngine(wrap = (store: ArtifactStore) => store): Promise<{ engine: Engine; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'durachart-retention-'));
  const engine = createEngine({
    database: bench.url,
    workflows: [waitsForGo('kept')],
    artifacts: wrap(createLocalArtifacts(folder)),
    pollInterval: 20_000,
  });
  onTestFinished(async () => {
    await engine.stop({ grace: 0 });
    await rm(folder, { recursive: true, force: true });
  });
  await engine.work();
  return { engine: engine as unknown as Engine, folder };
}

async function finished(engine: Engine, tag: string): Promise<string> {
  const { id } = await engine.start('kept' as never, undefined as never, { tags: [tag] });
  await engine.send(id, { type: 'GO' });
  await engine.result(id);
  return id;
}

/** Instances as other workflows and years have left them. */
async function insert(
  rows: {
    id: string;
    status: string;
    endedAt?: string;
    parent?: string;
    lease?: number;
    wakeAt?: string;
    state?: string;
  }[],
) {
  for (const { id, status, endedAt = '2020-06-01', parent = null, lease = null, wakeAt = null, state = 'S' } of rows)
    await bench.sql`insert into durachart.instances (id, workflow, version, created_at, status, state, sequence, live, updated_at, finished_at, parent_id, lease, wake_at, tags)
      values (${id}, 'old', '1', '2020-01-01', ${status}, ${state}, 1, '[]', ${endedAt}, ${status === 'failed' ? null : endedAt}, ${parent}, ${lease}, ${wakeAt}, '{old}')`;
}

const left = async (): Promise<string[]> =>
  (await bench.sql<{ id: string }[]>`select id from durachart.instances where workflow = 'old' order by id`).map(
    ({ id }) => id,
  );

test('an instance goes with all that belongs to it, others stay', async () => {
  const { engine, folder } = await newEngine();
  const gone = await finished(engine, 'x');
  const { id: stays } = await engine.start('kept' as never, undefined as never);
  await standing(engine, stays, 'waiting');
  await bench.sql`insert into durachart.audit (target, target_id, operation, by, status, requested_at) values ('instance', ${gone}, 'retry', 'a', 'applied', now())`;
  const before = await engine.get(gone);
  const rows = async (id: string) => {
    const counts = await Promise.all(
      TABLES.map(async (table) => {
        const column = table === 'instances' ? 'id' : 'instance_id';
        return (await bench.sql`select from durachart.${bench.sql(table)} where ${bench.sql(column)} = ${id}`).length;
      }),
    );
    return Object.fromEntries(TABLES.map((table, i) => [table, counts[i]]));
  };
  expect(await rows(gone)).toMatchObject({ instances: 1, transitions: 2, events: 1, tags: 1 });
  const kept = await rows(stays);

  expect(await engine.retention({ endedBefore: TOMORROW, workflow: 'kept', dryRun: true })).toEqual({
    instances: 1,
    archives: [],
    more: false,
  });
  const { instances, archives } = await engine.retention({
    endedBefore: TOMORROW,
    workflow: 'kept',
    archive: 'archive/kept/',
  });
  expect({ instances, archives: archives.length }).toEqual({ instances: 1, archives: 1 });
  expect(Object.values(await rows(gone))).toEqual(TABLES.map(() => 0));
  expect(await bench.sql`select from durachart.audit where target_id = ${gone}`).toHaveLength(0);
  expect(await rows(stays)).toEqual(kept);
  await expect(engine.get(gone)).rejects.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });

  expect(archives[0]).toMatch(/^archive\/kept\/[0-9a-z]{26}\.jsonl\.gz$/);
  const lines = gunzipSync(await readFile(join(folder, archives[0] as string)))
    .toString()
    .trim()
    .split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    {
      instance: { id: gone, status: 'done', state: 'DONE', snapshot: { context: before.context } },
      transitions: [
        { sequence: 1, event: 'xstate.init' },
        { sequence: 2, event: 'GO' },
      ],
      events: [{ type: 'GO', status: 'taken' }],
      steps: [],
      timers: [],
      runs: [],
      audit: [{ operation: 'retry' }],
    },
  ]);
});

test('only what is finished, old enough, and nobody waits for', async () => {
  const { engine } = await newEngine();
  await insert([
    { id: 'a-done', status: 'done' },
    { id: 'b-cancelled', status: 'cancelled', state: 'T' },
    { id: 'c-failed', status: 'failed' },
    { id: 'd-waiting', status: 'waiting' },
    { id: 'e-held', status: 'done', lease: 4711 },
    { id: 'f-due', status: 'done', wakeAt: '2999-01-01' },
    { id: 'g-late', status: 'done', endedAt: '2021-06-01' },
    { id: 'h-child', status: 'done', parent: 'd-waiting' },
    { id: 'i-child', status: 'done', parent: 'c-failed' },
    { id: 'j-child', status: 'done', parent: 'a-done' },
    { id: 'k-orphan', status: 'done', parent: 'nobody' },
    { id: 'l-parent', status: 'done' },
    { id: 'm-child', status: 'running', parent: 'l-parent' },
  ]);
  const endedBefore = new Date('2021-01-01');
  expect(await engine.retention({ endedBefore, workflow: 'none' })).toMatchObject({ instances: 0 });
  expect(await engine.retention({ endedBefore, state: 'T' })).toMatchObject({ instances: 1 });
  expect(await engine.retention({ endedBefore: new Date('2020-05-01') })).toMatchObject({ instances: 0 });
  expect(await engine.retention({ endedBefore, dryRun: true })).toMatchObject({ instances: 3 });
  expect(await engine.retention({ endedBefore })).toMatchObject({ instances: 3, more: false });
  expect(await left()).toEqual([
    'c-failed',
    'd-waiting',
    'e-held',
    'f-due',
    'g-late',
    'h-child',
    'i-child',
    'l-parent',
    'm-child',
  ]);
  expect(await engine.retention({ endedBefore, status: ['failed'] })).toMatchObject({ instances: 1 });
  expect(await engine.retention({ endedBefore })).toMatchObject({ instances: 1 });
  expect(await left()).toEqual(['d-waiting', 'e-held', 'f-due', 'g-late', 'h-child', 'l-parent', 'm-child']);
  await bench.sql`delete from durachart.instances where workflow = 'old'`;
});

test('each call that removes something is on record, with who and why', async () => {
  const { engine } = await newEngine();
  const records = async () => (await engine.operations({ target: 'retention' })).items;
  await insert([
    { id: 'recorded-1', status: 'done' },
    { id: 'recorded-2', status: 'done' },
  ]);
  const before = (await records()).length;
  const options = { endedBefore: new Date('2021-01-01'), workflow: 'old', by: 'ada', why: 'space' };
  await engine.retention({ ...options, dryRun: true });
  await engine.retention({ ...options, state: 'nowhere' });
  expect(await records()).toHaveLength(before);
  await engine.retention({ ...options, archive: 'kept' });
  const [record] = await records();
  expect(record).toMatchObject({
    target: 'retention',
    targetId: 'old',
    operation: 'remove',
    by: 'ada',
    why: 'space',
    status: 'applied',
    arguments: { endedBefore: '2021-01-01T00:00:00.000Z', status: ['done', 'cancelled'], archive: 'kept' },
    result: { instances: 2, more: false, archives: [expect.stringMatching(/^kept\//)] },
  });
  expect(record?.finishedAt).not.toBeNull();
  await expect(engine.retention({ ...options, by: '' })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});

test('more than a batch goes, in several archives', async () => {
  const { engine } = await newEngine();
  await bench.sql`insert into durachart.instances (id, workflow, version, created_at, status, state, sequence, live, updated_at, finished_at)
    select 'many-' || g, 'old', '1', '2019-01-01'::timestamptz + g * interval '1 s', 'done', 'S', case when g < 4 then 15000 else 1 end, '[]', '2020-01-01', '2020-01-01' from generate_series(1, 1100) g`;
  const retained = await engine.retention({ endedBefore: new Date('2021-01-01'), archive: 'all' });
  expect(retained).toMatchObject({ instances: 1100, more: false });
  expect(retained.archives.length).toBeGreaterThanOrEqual(5);
  expect(await left()).toEqual([]);
});

test('nothing goes before its archive is stored; what changes meanwhile stays, and who is busy with it is not waited for', async () => {
  let put: ArtifactStore['put'] = () => Promise.reject(new Error('The disk is full.'));
  const { engine } = await newEngine((store) => ({
    ...store,
    list: async () => [],
    put: async (key, body) => put(key, body),
  }));
  await insert([
    { id: 'a', status: 'done' },
    { id: 'b', status: 'failed' },
    { id: 'c', status: 'done' },
  ]);
  const options = {
    endedBefore: new Date('2021-01-01'),
    workflow: 'old',
    status: ['done', 'failed'],
    archive: 'x',
  } as const;
  await expect(engine.retention(options)).rejects.toThrow('The disk is full.');
  expect(await left()).toEqual(['a', 'b', 'c']);

  const { promise: busy, resolve: free } = Promise.withResolvers<void>();
  let holder: Promise<unknown> = Promise.resolve();
  put = async (key, body) => {
    for await (const _ of body as AsyncIterable<Uint8Array>);
    await bench.sql`update durachart.instances set wake = wake + 1, wake_at = now() where id = 'b'`;
    const { promise: locked, resolve: has } = Promise.withResolvers<void>();
    holder = bench.sql.begin(async (tx) => {
      await tx`select from durachart.instances where id = 'c' for update`;
      has();
      await busy;
    });
    await locked;
    return { key, size: 0, sha256: '', location: '' };
  };
  expect(await engine.retention(options)).toMatchObject({ instances: 1, more: false });
  free();
  await holder;
  expect(await left()).toEqual(['b', 'c']);
  await bench.sql`delete from durachart.instances where workflow = 'old'`;
});

test.each([
  [{ endedBefore: new Date(Number.NaN) }],
  [{ endedBefore: '30d' }],
  [{ endedBefore: TOMORROW, status: [] }],
  [{ endedBefore: TOMORROW, status: ['running'] }],
  [{ endedBefore: TOMORROW, archive: '' }],
  [{ endedBefore: TOMORROW, workflow: '' }],
])('refuses %j', async (options) => {
  const engine = bench.engine([waitsForGo('kept')] as unknown as Workflow[]);
  await expect(engine.retention(options as never)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});

test('an archive that is refused unread ends the call, and not the process', async () => {
  // Somebody else removes the instance while the stream, which nobody reads, still reads it.
  const store = {
    find: async () => [{ id: 'gone', createdAt: new Date(0), sequence: 1, wake: 0 }],
    read: async () => [],
    remove: async () => [],
    begin: async () => 1,
    end: async () => {},
  };
  const artifacts = { put: async () => Promise.reject(new Error('refused')) } as unknown as ArtifactStore;
  const uncaught: unknown[] = [];
  const note = (error: unknown): void => void uncaught.push(error);
  process.prependListener('uncaughtException', note);
  onTestFinished(() => void process.off('uncaughtException', note));
  await expect(
    retain(
      { store, artifacts, payloads: new Payloads(artifacts), clock: systemClock, fault: () => {} },
      { endedBefore: TOMORROW, archive: 'a' },
    ),
  ).rejects.toThrow('refused');
  await setImmediate();
  await setImmediate();
  expect(uncaught).toEqual([]);
});
