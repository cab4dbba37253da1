import { randomUUID } from 'node:crypto';
import { setup } from 'xstate';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineWorkflow } from '../../src/index.ts';
import { useBench } from '../support/engine.ts';
import { waitsForGo } from '../support/machines.ts';

const bench = useBench();

const order = defineWorkflow({
  machine: setup({ types: {} as { context: { order: unknown }; input: unknown } }).createMachine({
    id: 'order',
    context: ({ input }) => ({ order: input }),
    initial: 'TAKEN',
    states: { TAKEN: {} },
  }),
  input: z.object({
    name: z.string().trim().toUpperCase(),
    count: z.int().positive().default(1),
    lines: z.array(z.object({ sku: z.string() })).default([]),
  }),
});

describe.each([
  { who: 'with a worker', works: true },
  { who: 'without a worker', works: false },
])('starting $who', ({ works }) => {
  const made = async () => (works ? bench.worker([order]) : bench.engine([order]));

  test('stores the input as the schema gives it', async () => {
    const engine = await made();
    const { id, created } = await engine.start('order', { name: ' ada ' });
    expect(created).toBe(true);
    const view = await engine.get(id);
    expect(view.input).toEqual({ name: 'ADA', count: 1, lines: [] });
    expect(view.context).toEqual({ order: { name: 'ADA', count: 1, lines: [] } });
    expect(view).toMatchObject({
      workflow: 'order',
      state: 'TAKEN',
      value: 'TAKEN',
      status: 'waiting',
      sequence: 1,
      priority: 5,
      tags: [],
      tenant: null,
    });
  });

  test('gives the same instance for the same key and input, whatever way the input is written', async () => {
    const engine = await made();
    const key = randomUUID();
    const first = await engine.start('order', { name: 'ada', count: 2 }, { key });
    const second = await engine.start('order', { count: 2, name: ' ADA', lines: [] }, { key });
    expect(second).toEqual({ id: first.id, created: false });
    expect(await engine.get(first.id)).toMatchObject({ key });
    await expect(engine.start('order', { name: 'ada', count: 3 }, { key })).rejects.toMatchObject({
      code: 'KEY_REUSED',
      details: { id: first.id },
    });
    // Another tenant's keys are its own.
    expect(await engine.start('order', { name: 'ada', count: 3 }, { key, tenant: 'other' })).toMatchObject({
      created: true,
    });
  });

  test('gives the same instance for the same id and input', async () => {
    const engine = await made();
    const id = randomUUID();
    expect(await engine.start('order', { name: 'ada' }, { id })).toEqual({ id, created: true });
    expect(await engine.start('order', { name: 'ada' }, { id })).toEqual({ id, created: false });
    await expect(engine.start('order', { name: 'bob' }, { id })).rejects.toMatchObject({ code: 'KEY_REUSED' });
    expect((await engine.history(id)).items).toHaveLength(1);
  });

  test('makes one instance of 20 starts with one key at once', async () => {
    const engine = await made();
    const key = randomUUID();
    const started = await Promise.all(
      Array.from({ length: 20 }, () => engine.start('order', { name: 'ada' }, { key })),
    );
    expect(new Set(started.map(({ id }) => id)).size).toBe(1);
    expect(started.filter(({ created }) => created)).toHaveLength(1);
    expect((await engine.history(started[0]?.id as string)).items).toHaveLength(1);
  });

  test('refuses another input under the same id at the same time', async () => {
    const engine = await made();
    const id = randomUUID();
    const names = ['ada', 'bob', 'cyd', 'dan'];
    const started = await Promise.allSettled(names.map((name) => engine.start('order', { name }, { id })));
    expect(started.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of started)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'KEY_REUSED' });
  });

  test('refuses another workflow under the same id', async () => {
    const other = waitsForGo('start-other');
    const engine = works ? await bench.worker([order, other]) : bench.engine([order, other]);
    const { id } = await engine.start('order', { name: 'ada' });
    await expect(engine.start('start-other', undefined, { id })).rejects.toMatchObject({ code: 'KEY_REUSED' });
  });

  test('says what is wrong with an input, and where', async () => {
    const engine = await made();
    const bad = { name: 'ada', count: 0, lines: [{ sku: 'a' }, { sku: 7 }] };
    await expect(engine.start('order', bad as never)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: {
        issues: [
          { path: 'count', message: expect.any(String) },
          { path: 'lines.1.sku', message: expect.any(String) },
        ],
      },
    });
  });
});

test('takes no input and null for an input', async () => {
  const engine = await bench.worker([waitsForGo('start-bare')]);
  for (const input of [undefined, null, 0, '', false]) {
    const key = randomUUID();
    const { id } = await engine.start('start-bare', input, { key });
    expect(await engine.start('start-bare', input, { key })).toEqual({ id, created: false });
  }
});

test('refuses what the database could not give back', async () => {
  const engine = bench.engine([waitsForGo('start-json')]);
  for (const input of [{ at: new Date() }, { text: 'a\0b' }, { text: '\ud800' }, { big: 1n }, { n: Number.NaN }]) {
    await expect(engine.start('start-json', input)).rejects.toMatchObject({ code: 'NOT_JSON' });
  }
});

test('refuses an input that the machine itself throws on, and stores nothing', async () => {
  const picky = defineWorkflow({
    machine: setup({ types: {} as { context: object; input: { list: unknown[] } } }).createMachine({
      id: 'start-picky',
      context: ({ input }) => ({ first: input.list[0] }),
      initial: 'A',
      states: { A: {} },
    }),
  });
  const engine = await bench.worker([picky]);
  await expect(engine.start('start-picky', {} as never, { id: 'picky' })).rejects.toMatchObject({
    code: 'TRANSITION_FAILED',
  });
  await expect(engine.get('picky')).rejects.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
});

test('names the workflows that there are', async () => {
  const engine = bench.engine([order]);
  const refused = engine.start('nope' as 'order', { name: 'ada' });
  await expect(refused).rejects.toMatchObject({ code: 'UNKNOWN_WORKFLOW', message: expect.stringContaining('order') });
});

test.each([
  ['an id with a slash', { id: 'a/b' }],
  ['an id with a quote', { id: "a'b" }],
  ['an empty id', { id: '' }],
  ['a long id', { id: 'a'.repeat(201) }],
  ['an id of dots', { id: '..' }],
  ['the folder of large values as an id', { id: 'payloads' }],
  ['the folder of uploads as an id, where case is nothing', { id: 'Uploads' }],
  ['id and key', { id: 'a', key: 'b' }],
  ['an empty key', { key: '' }],
  ['a key with NUL', { key: 'a\0' }],
  ['a priority that is too high', { priority: 10 }],
  ['half a priority', { priority: 0.5 }],
  ['an invalid date', { startAt: new Date('x') }],
  ['tags that are no texts', { tags: [7] }],
  ['too many tags', { tags: Array.from({ length: 21 }, String) }],
  ['an empty tenant', { tenant: '' }],
])('refuses %s', async (_, options) => {
  const engine = bench.engine([order]);
  await expect(engine.start('order', { name: 'ada' }, options as never)).rejects.toMatchObject({
    code: 'INVALID_OPTION',
  });
});

test('keeps tenant, tags and priority, and lists by them', async () => {
  const engine = bench.engine([order]);
  const tag = randomUUID();
  const { id } = await engine.start('order', { name: 'ada' }, { tenant: 'acme', tags: [tag, "it's"], priority: 9 });
  await engine.start('order', { name: 'bob' }, { tenant: 'other', tags: ['x'] });
  const { items } = await engine.list({ tag });
  expect(items).toMatchObject([{ id, tenant: 'acme', tags: [tag, "it's"], priority: 9 }]);
  expect((await engine.list({ tenant: 'acme' })).items.map((item) => item.id)).toEqual([id]);
});
