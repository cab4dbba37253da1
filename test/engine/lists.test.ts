import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { InstanceSummary } from '../../src/engine/api.ts';
import { defineStep, StepError } from '../../src/index.ts';
import { standing, useBench } from '../support/engine.ts';
import { HeldStep, oneStep, waitsForGo } from '../support/machines.ts';

const bench = useBench();

/** All pages of a list, one after the other; `between` runs before each further page. */
async function pages(
  list: (cursor: string | undefined) => Promise<{ items: InstanceSummary[]; next: string | null }>,
  between: () => Promise<unknown> = async () => {},
) {
  const found: InstanceSummary[][] = [];
  let cursor: string | undefined;
  for (;;) {
    const { items, next } = await list(cursor);
    found.push(items);
    if (next === null) return found;
    cursor = next;
    await between();
  }
}

test('pages are complete, without duplicates, newest first, while others are started', async () => {
  const engine = await bench.worker([waitsForGo('paged')]);
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    // Many in the same millisecond: the order among them must be the same on every page.
    const started = await Promise.all(Array.from({ length: 9 }, () => engine.start('paged', undefined)));
    ids.push(...started.map(({ id }) => id));
  }
  const found = await pages(
    (cursor) => engine.list({ workflow: 'paged', limit: 7, ...(cursor === undefined ? {} : { cursor }) }),
    () => Promise.all(Array.from({ length: 3 }, () => engine.start('paged', undefined))),
  );
  expect(found.slice(0, -1).every((page) => page.length === 7)).toBe(true);
  const items = found.flat();
  expect(items.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  const times = items.map(({ createdAt }) => createdAt.getTime());
  expect(times).toEqual(times.toSorted((a, b) => b - a));
});

test('a page that holds exactly all is the last', async () => {
  const engine = bench.engine([waitsForGo('exact')]);
  const tag = randomUUID();
  for (let i = 0; i < 4; i++) await engine.start('exact', undefined, { tags: [tag] });
  expect(await engine.list({ tag, limit: 4 })).toMatchObject({ items: { length: 4 }, next: null });
  expect(await engine.list({ tag: 'nobody has it' })).toEqual({ items: [], next: null });
});

test('filters narrow it down, alone and together', async () => {
  const failing = oneStep(
    'filter-fails',
    defineStep<unknown, null>({ run: () => Promise.reject(new StepError('NOT_FOUND', 'gone')) }),
  );
  const engine = await bench.worker([waitsForGo('filter-waits'), failing]);
  const waiting = await engine.start('filter-waits', undefined, { tenant: 'a', tags: ['x', 'y'] });
  const done = await engine.start('filter-waits', undefined, { tenant: 'a', tags: ['y'] });
  const failed = await engine.start('filter-fails', null, { tenant: 'b', tags: ["it's; drop table"] });
  await engine.send(done.id, { type: 'GO' });
  await standing(engine, done.id, 'done');
  await standing(engine, failed.id, 'failed');
  const ids = async (options: Parameters<typeof engine.list>[0]) =>
    (await engine.list(options)).items.map(({ id }) => id);
  expect(await ids({ status: 'failed' })).toEqual([failed.id]);
  expect(await ids({ state: 'BEGUN' })).toEqual([failed.id]);
  expect(await ids({ state: 'WAITING', workflow: 'filter-waits' })).toEqual([waiting.id]);
  expect(await ids({ tenant: 'a', tag: 'y' })).toEqual([done.id, waiting.id]);
  expect(await ids({ tenant: 'a', tag: 'x', status: 'waiting' })).toEqual([waiting.id]);
  expect(await ids({ tag: "it's; drop table" })).toEqual([failed.id]);
  expect(await ids({ tenant: 'b', status: 'done' })).toEqual([]);
});

test('those at a step: in a worker’s hands, failed at it, and not those that are past it', async () => {
  const held = new HeldStep();
  const tag = randomUUID();
  const failing = oneStep(
    'at-step-fails',
    defineStep<unknown, null>({ run: () => Promise.reject(new StepError('NOT_FOUND', 'gone')) }),
  );
  const engine = await bench.worker([oneStep('at-step', held.step()), failing, waitsForGo('at-no-step')]);
  const running = await engine.start('at-step', null);
  await held.called(1);
  const over = await engine.start('at-step', null);
  const failed = await engine.start('at-step-fails', null, { tags: [tag] });
  await engine.start('at-no-step', undefined, { tags: [tag] });
  await held.called(2);
  held.release(2);
  await engine.result(over.id, { timeout: 10_000 });
  await standing(engine, failed.id, 'failed');
  const ids = async (options: Parameters<typeof engine.list>[0]) =>
    (await engine.list(options)).items.map(({ id }) => id);
  expect(await ids({ step: 'work', workflow: 'at-step' })).toEqual([running.id]);
  expect(await ids({ step: 'work' })).toEqual(expect.arrayContaining([running.id, failed.id]));
  expect(await ids({ step: 'work' })).not.toContain(over.id);
  expect(await ids({ step: 'work', status: 'failed', workflow: 'at-step-fails' })).toEqual([failed.id]);
  expect(await ids({ step: 'work', tag })).toEqual([failed.id]);
  expect(await ids({ step: 'work', is: 'stuck', tag })).toEqual([failed.id]);
  expect(await ids({ step: 'work', is: 'stuck', workflow: 'at-step-fails' })).toEqual([failed.id]);
  expect(await ids({ step: 'no such step' })).toEqual([]);
  held.release(1);
  await engine.result(running.id, { timeout: 10_000 });
});

test('a line shows state, running step, attempt and since when', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([oneStep('line', held.step())]);
  const { id } = await engine.start('line', null);
  await held.called(1);
  const [item] = (await engine.list({ workflow: 'line' })).items;
  expect(item).toMatchObject({
    id,
    state: 'BEGUN',
    status: 'running',
    sequence: 1,
    errorCode: null,
    parentId: null,
    finishedAt: null,
    updatedAt: expect.any(Date),
    steps: [
      {
        key: '1:work',
        step: 'work',
        status: 'running',
        attempt: 1,
        maxAttempts: 3,
        startedAt: expect.any(Date),
        finishedAt: null,
        nextAttemptAt: null,
      },
    ],
  });
  held.release(1);
  await engine.result(id, { timeout: 10_000 });
});

test.each([0, 501, -1, 1.5, Number.NaN])('refuses the limit %d', async (limit) => {
  const engine = bench.engine([waitsForGo('limits')]);
  const { id } = await engine.start('limits', undefined);
  await expect(engine.list({ limit })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  await expect(engine.history(id, { limit })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});

test.each([
  '',
  'nonsense',
  Buffer.from('[]').toString('base64url'),
  Buffer.from('[1]').toString('base64url'),
  Buffer.from('["x","y"]').toString('base64url'),
  Buffer.from('[1,2]').toString('base64url'),
  Buffer.from('[1e15,"a"]').toString('base64url'),
  Buffer.from('[-8.64e15,"a"]').toString('base64url'),
  Buffer.from('[1,"a\\u0000"]').toString('base64url'),
  Buffer.from('null').toString('base64url'),
])('refuses the cursor %j', async (cursor) => {
  await expect(bench.engine([waitsForGo('cursors')]).list({ cursor })).rejects.toMatchObject({
    code: 'INVALID_CURSOR',
  });
});

test.each(['', ' ', 'x', '-1', '1.5', '1e3', '99999999999', '0x10'])(
  'refuses the history cursor %j',
  async (cursor) => {
    const engine = bench.engine([waitsForGo('cursors')]);
    const { id } = await engine.start('cursors', undefined);
    await expect(engine.history(id, { cursor })).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
  },
);

test.each(['workflow', 'status', 'state', 'tag', 'tenant', 'parentId'])(
  'refuses a filter by %s that is no text',
  async (name) => {
    const engine = bench.engine([waitsForGo('filters')]);
    for (const value of ['a\0', '\ud800', 7, ''])
      await expect(engine.list({ [name]: value })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  },
);
