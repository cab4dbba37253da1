import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { defineStep } from '../../src/index.ts';
import { migrate } from '../../src/store/migrate.ts';
import { useBench } from '../support/engine.ts';
import { oneStep } from '../support/machines.ts';

const bench = useBench();
const workflows = [oneStep('restored', defineStep<unknown, number>({ run: () => 1 }))] as const;

/** How much further the server of the backup had come. */
const FURTHER = 10_000_000n;

/** Makes the database what a backup of another server, whose transactions have higher numbers, is after it was restored here. */
async function restore(): Promise<void> {
  await bench.sql`update durachart.transitions set xid = xid + ${String(FURTHER)}::bigint`;
  await bench.sql`update durachart.server set system_identifier = system_identifier + 1`;
}

/** How far numbers leap then. */
const LEAP = 2n ** 40n;

/** A position that the other server gave. */
const given = (position: string) => position.replace(/^\d+/, (xid) => String(BigInt(xid) + FURTHER));

const engines = async () => bench.worker(workflows);
type Engine = Awaited<ReturnType<typeof engines>>;

async function run(engine: Engine, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const { id } = await engine.start('restored', null);
    await engine.result(id);
    ids.push(id);
  }
  return ids;
}

/** Reads the stream after a position until it has told of so many transitions. */
async function read(engine: Engine, after: string, count: number): Promise<{ seen: string[]; position: string }> {
  const seen: string[] = [];
  const signal = AbortSignal.timeout(10_000);
  for await (const change of engine.subscribe({ after, signal })) {
    if (change.type !== 'transition') continue;
    seen.push(`${change.entry.instanceId} ${change.entry.sequence}`);
    if (seen.length === count) return { seen, position: change.position };
  }
  throw new Error(`${seen.length} of ${count} transitions after ${after}`);
}

/** The position after all that there is. */
async function last(engine: Engine): Promise<string> {
  const [{ count }] = await bench.sql<[{ count: number }]>`select count(*)::int from durachart.transitions`;
  return (await read(engine, '0', count)).position;
}

const transitionsOf = (ids: readonly string[]) => ids.flatMap((id) => [`${id} 1`, `${id} 2`]);

test('a backup restored on a server that has not come as far: the stream goes on where it was, with nothing left out', async () => {
  const before = await engines();
  const first = await run(before, 3);
  const { position } = await read(before, '0', 6);
  await before.stop();
  await restore();
  await migrate(bench.url);

  const after = await engines();
  expect((await read(after, '0', 6)).seen).toEqual(transitionsOf(first));
  // One that begins now has its place at some moment while others run.
  let toldOf: string | undefined;
  const fresh = (async () => {
    for await (const change of after.subscribe({ signal: AbortSignal.timeout(10_000) })) {
      if (change.type !== 'transition') continue;
      toldOf = change.entry.instanceId;
      return;
    }
  })();
  const second = await run(after, 3);
  while (toldOf === undefined) second.push(...(await run(after, 1)));
  await fresh;
  expect(second).toContain(toldOf);
  const resumed = await read(after, given(position), 2 * second.length);
  expect(resumed.seen).toEqual(transitionsOf(second));
  const all = transitionsOf([...first, ...second]);
  expect((await read(after, '0', all.length)).seen).toEqual(all);

  // And again, by two at once, to a server that has come further; some have seen what the backup does not have.
  const [{ base }] = await bench.sql<[{ base: string }]>`select durachart.xid_base()::text as base`;
  await bench.sql`update durachart.server set system_identifier = system_identifier + 1`;
  await Promise.all([migrate(bench.url), migrate(bench.url)]);
  await migrate(bench.url);
  expect(await bench.sql`select durachart.xid_base()::text as base`).toEqual([{ base: String(BigInt(base) + LEAP) }]);
  const third = await run(after, 1);
  for (const seen of [resumed.position, given(resumed.position)])
    expect((await read(after, seen, 2)).seen).toEqual(transitionsOf(third));
});

test('a database that was put back to an earlier time: positions of the time since are not among those to come', async () => {
  const before = await engines();
  await run(before, 1);
  const position = await last(before);
  await before.stop();
  await bench.sql`update durachart.server set timeline = timeline + 1`;
  await migrate(bench.url);
  const after = await engines();
  const since = position.replace(/^\d+/, (xid) => String(BigInt(xid) + 1_000n));
  const next = await run(after, 1);
  expect((await read(after, since, 2)).seen).toEqual(transitionsOf(next));
});

test('a position ahead of the database is refused, and not waited at until it has come there', async () => {
  const engine = await engines();
  const [id] = (await run(engine, 1)) as [string];
  const position = await last(engine);
  const first = async (options: { id?: string; after: string }) => {
    const stream = engine.subscribe({ ...options, signal: AbortSignal.timeout(10_000) });
    return stream[Symbol.asyncIterator]().next();
  };
  await expect(first({ after: given(position) })).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
  await expect(first({ id, after: '3' })).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
  expect(await first({ id, after: '2' })).toMatchObject({ done: true });
});

test('who does not own the tables is told that their owner has to come first', async () => {
  const role = `uses_${randomUUID().slice(0, 8)}`;
  onTestFinished(async () => {
    await bench.sql.unsafe(`drop owned by ${role}`);
    await bench.sql.unsafe(`drop role ${role}`);
  });
  await bench.sql.unsafe(`create role ${role} login password 'secret'`);
  await bench.sql.unsafe(`grant usage on schema durachart to ${role}`);
  await bench.sql.unsafe(`grant all on all tables in schema durachart to ${role}`);
  const url = new URL(bench.url);
  url.username = role;
  url.password = 'secret';
  await migrate(url.href);
  await bench.sql`update durachart.server set system_identifier = system_identifier + 1`;
  await expect(migrate(url.href)).rejects.toMatchObject({ code: 'NOT_OWNER' });
  await migrate(bench.url);
  await migrate(url.href);
});
