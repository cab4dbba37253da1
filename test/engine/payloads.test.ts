import { buffer, json } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { assign, fromPromise, setup } from 'xstate';
import { z } from 'zod';
import { isReference, type PayloadReference } from '../../src/core/payload.ts';
import { defineStep, defineWorkflow, forEach } from '../../src/index.ts';
import { newArtifacts } from '../support/artifacts.ts';
import { eventually, reached, standing, useBench } from '../support/engine.ts';
import { HeldStep, oneStep, waitsForGo } from '../support/machines.ts';
import { big, carried, carrier, seen } from './support/carrier.ts';

const bench = useBench();

/** Characters of the largest JSON in any row. */
async function largest(id: string): Promise<number> {
  const [row] = await bench.sql<[{ most: number }]>`
    select greatest(
      (select max(greatest(length(input::text), length(snapshot::text), length(output::text))) from durachart.instances where id = ${id}),
      (select max(greatest(length(payload::text), length(diff::text))) from durachart.transitions where instance_id = ${id}),
      (select max(greatest(length(input::text), length(output::text))) from durachart.steps where instance_id = ${id}),
      (select max(length(payload::text)) from durachart.events where instance_id = ${id})) as most`;
  return row.most;
}

test('inputs, events, outputs and context fields over 256 KB are in the artifact store, and whole for the machine and its steps', async () => {
  const { store } = await newArtifacts();
  const { engine } = await carried(bench, store, 'through');
  await engine.send('through', { type: 'MOVE' });
  await engine.send('through', { type: 'END' });
  const expected = big('g') + big('t') + big('T');
  expect(await engine.result('through')).toEqual({ all: expected });
  expect(seen).toContain(`${300 * 1_024} t`);
  expect(await largest('through')).toBeLessThan(4_000);

  const view = await engine.get('through');
  const parts = [view.input, view.output, ...['given', 'told', 'made'].map((field) => view.context?.[field])];
  expect(parts.map(isReference)).toEqual([true, true, true, true, true]);
  const { size, sha256, key, link } = view.input as PayloadReference;
  expect({ size, key, link }).toEqual({
    size: 300 * 1_024 + '{"text":""}'.length,
    key: `payloads/through/${sha256}.json`,
    link: `/instances/through/payloads/${sha256}`,
  });
  expect(await json(await store.read(key))).toEqual({ text: big('g') });
  expect(await engine.payload('through', sha256)).toEqual({ text: big('g') });
  for (const none of ['0'.repeat(64), '../../x', ''])
    await expect(engine.payload('through', none)).rejects.toMatchObject({ code: 'PAYLOAD_NOT_FOUND' });
  // Each value once, however many rows refer to it.
  const payloads = await store.list('payloads/through/');
  const references = new Set(JSON.stringify([view, await engine.steps('through')]).match(/payloads\/through\/\w+/g));
  const [event] = await bench.sql<[{ payload: PayloadReference }]>`
    select payload from durachart.events where instance_id = 'through' and type = 'TELL'`;
  expect(new Set(payloads.map(({ key: at }) => at.replace('.json', '')))).toEqual(
    references.add(event.payload.key.replace('.json', '')),
  );
  // A field that did not change is not written again.
  const history = await bench.sql<{ diff: { context?: object } }[]>`
    select diff from durachart.transitions where instance_id = 'through' and event = 'MOVE'`;
  expect(history.map(({ diff }) => diff.context)).toEqual([{ moves: 1 }]);
  expect(bench.faults).toEqual([]);
});

test.each([
  ['exactly what a row holds', 256 * 1_024 - 2, false],
  ['a byte more', 256 * 1_024 - 1, true],
])('%s', async (name, characters, apart) => {
  const { store } = await newArtifacts();
  const engine = await bench.worker([oneStep('edge', defineStep({ run: ({ input }) => input }))], { artifacts: store });
  const { id } = await engine.start('edge', 'x'.repeat(characters), { id: name.replaceAll(' ', '-') });
  expect(await engine.result(id)).toBe('x'.repeat(characters));
  const view = await engine.get(id);
  expect([isReference(view.input), isReference(view.output)]).toEqual([apart, apart]);
});

test('characters of several bytes are counted as the bytes that they are', async () => {
  const { store } = await newArtifacts();
  const engine = bench.engine([waitsForGo('bytes')], { artifacts: store });
  const { id } = await engine.start('bytes' as never, 'ä€'.repeat(60_000) as never);
  expect((await engine.get(id)).input).toMatchObject({ size: 60_000 * 5 + 2 });
});

test('another worker on the same store goes on', async () => {
  const { store } = await newArtifacts();
  const starter = bench.engine([carrier], { artifacts: store });
  await starter.start('carrier', { text: big('a') }, { id: 'handed-on' });
  await starter.send('handed-on', { type: 'TELL', text: big('b') }).catch(() => {});
  const first = await bench.worker([carrier], { artifacts: store });
  await reached(first, 'handed-on', 'GIVEN');
  await first.stop();
  const second = await bench.worker([carrier], { artifacts: store });
  await second.send('handed-on', { type: 'TELL', text: big('b') }).catch(() => {});
  await reached(second, 'handed-on', 'TURNED');
  await second.send('handed-on', { type: 'END' });
  expect(await second.result('handed-on')).toEqual({ all: big('a') + big('b') + big('B') });
});

test('started again with the same key and input it is the same instance', async () => {
  const { store } = await newArtifacts();
  const engine = bench.engine([waitsForGo('again')], { artifacts: store });
  const start = async (text: string) => engine.start('again' as never, { text } as never, { key: 'k' });
  expect(await start(big('x'))).toMatchObject({ created: true });
  expect(await start(big('x'))).toMatchObject({ created: false });
  await expect(start(big('y'))).rejects.toMatchObject({ code: 'KEY_REUSED' });
});

test('children are given, and give back, what is large', async () => {
  const { store } = await newArtifacts();
  const child = setup({
    types: { input: {} as string, context: {} as { text: string }, output: {} as string },
    actors: { shout: fromPromise<string, string>(async ({ input }) => input.toUpperCase()) },
  }).createMachine({
    id: 'big-child',
    context: ({ input }) => ({ text: input }),
    output: ({ context }) => context.text,
    initial: 'ASKED',
    states: {
      ASKED: {
        invoke: {
          src: 'shout',
          input: ({ context }) => context.text,
          onDone: { target: 'SHOUTED', actions: assign({ text: ({ event }) => event.output }) },
        },
      },
      SHOUTED: { type: 'final' },
    },
  });
  const parent = defineWorkflow({
    machine: setup({
      types: { context: {} as { text: string }, input: {} as string },
      actors: { child },
    }).createMachine({
      id: 'big-parent',
      context: ({ input }) => ({ text: input }),
      output: ({ context }) => context.text,
      initial: 'ASKING',
      states: {
        ASKING: {
          invoke: {
            id: 'child',
            src: 'child',
            input: ({ context }) => context.text,
            onDone: { target: 'DONE', actions: assign({ text: ({ event }) => event.output }) },
          },
        },
        DONE: { type: 'final' },
      },
    }),
  });
  const engine = await bench.worker([parent], { artifacts: store });
  const { id } = await engine.start('big-parent' as never, big('p') as never);
  expect(await engine.result(id)).toBe(big('P'));
  expect(await largest(id)).toBeLessThan(4_000);
  expect(await largest((await engine.get(id)).children[0]?.id as string)).toBeLessThan(4_000);
});

test('items of a fan-out are given, and give back, what is large', async () => {
  const { store } = await newArtifacts();
  const shout = defineStep({ input: z.string(), output: z.string(), run: ({ input }) => input.toUpperCase() });
  const fan = defineWorkflow({
    machine: setup({
      types: { context: {} as { texts: string[]; all: string }, input: {} as string[], output: {} as string },
      actors: { shoutAll: forEach(shout, { concurrency: 1 }) },
    }).createMachine({
      id: 'large-items',
      context: ({ input }) => ({ texts: input, all: '' }),
      output: ({ context }) => context.all,
      initial: 'GIVEN',
      states: {
        GIVEN: {
          invoke: {
            src: 'shoutAll',
            input: ({ context }) => ({ items: context.texts }),
            onDone: {
              target: 'SHOUTED',
              actions: assign({ all: ({ event }) => event.output.results.map(({ output }) => output).join('') }),
            },
          },
        },
        SHOUTED: { type: 'final' },
      },
    }),
  });
  const engine = await bench.worker([fan], { artifacts: store });
  const { id } = await engine.start('large-items', [big('i'), 'small ', big('j')]);
  expect(await engine.result(id)).toBe(`${big('I')}SMALL ${big('J')}`);
  expect(await largest(id)).toBeLessThan(4_000);
});

test('a transactional step commits its rows and a large result together', async () => {
  const { store } = await newArtifacts();
  await bench.sql`create table if not exists large_results (id text primary key)`;
  const step = defineStep<null, string>({
    transactional: true,
    run: async ({ tx, instance }) => {
      await tx`insert into large_results values (${instance.id})`;
      return big('l');
    },
  });
  const engine = await bench.worker([oneStep('large-transaction', step)], { artifacts: store });
  const { id } = await engine.start('large-transaction', null);
  expect(await engine.result(id)).toBe(big('l'));
  expect(await largest(id)).toBeLessThan(4_000);
  expect(await bench.sql`select id from large_results where id = ${id}`).toHaveLength(1);
});

test('rewind, fork, edit and skip work on what is large', async () => {
  const { store } = await newArtifacts();
  const { engine } = await carried(bench, store, 'moved');
  await engine.operate('moved', { operation: 'rewind', to: 2 }, { wait: 10_000 });
  await eventually(async () => (await engine.get('moved')).sequence === 5);
  await engine.operate(
    'moved',
    { operation: 'edit', patch: [{ op: 'replace', path: '/made', value: 'edited' }] },
    { wait: 10_000 },
  );
  const { id: fork } = await engine.fork('moved', { from: 2, id: 'forked' });
  await reached(engine as never, fork, 'TURNED');
  for (const id of ['moved', fork]) await engine.send(id, { type: 'END' });
  expect(await engine.result('moved')).toEqual({ all: `${big('g')}${big('t')}edited` });
  expect(await engine.result(fork)).toEqual({ all: big('g') + big('t') + big('T') });
  // The fork's values are its own: they stay when the other one goes.
  expect(JSON.stringify(await engine.get(fork))).not.toContain('payloads/moved/');
  expect(await largest('moved')).toBeLessThan(4_000);
  await expect(
    engine.operate(fork, { operation: 'edit', patch: [{ op: 'add', path: '/made', value: big('e') }] }),
  ).rejects.toMatchObject({ code: expect.stringMatching(/PAYLOAD_TOO_LARGE|INSTANCE_ENDED/) as string });

  const held = new HeldStep();
  const waits = await bench.worker([oneStep('skipped', held.step())], { artifacts: store });
  const { id: skipped } = await waits.start('skipped', null as never);
  await eventually(() => held.calls.length === 1);
  await waits.operate(skipped, { operation: 'skip', step: 'work', output: big('s') }, { wait: 10_000 });
  expect(await waits.result(skipped)).toBe(big('s'));
});

test('an export has the values themselves, and an import stores them anew', async () => {
  const { store } = await newArtifacts();
  const { engine } = await carried(bench, store, 'exported');
  const document = await engine.export('exported');
  expect(JSON.stringify(document)).not.toContain('$durachart');
  expect(document.instance.input).toEqual({ text: big('g') });
  const other = await newArtifacts();
  await engine.stop();
  const elsewhere = await bench.worker([carrier], { artifacts: other.store });
  const { id } = await elsewhere.import(JSON.parse(JSON.stringify(document)), { id: 'imported' });
  expect(await largest(id)).toBeLessThan(4_000);
  await elsewhere.operate(id, { operation: 'unpause' }, { wait: 10_000 });
  await elsewhere.send(id, { type: 'END' });
  expect(await elsewhere.result(id)).toEqual({ all: big('g') + big('t') + big('T') });
});

test('retention takes the values with the instance, and its archive has them', async () => {
  const { store } = await newArtifacts();
  const { engine } = await carried(bench, store, 'old');
  await engine.send('old', { type: 'END' });
  await engine.result('old');
  const { id: stays } = await engine.start('carrier' as never, { text: big('k') } as never, { id: 'kept' });
  const before = await store.list('payloads/');
  expect(before.length).toBeGreaterThan(3);
  const { archives } = await engine.retention({
    endedBefore: new Date(Date.now() + 86_400_000),
    workflow: 'carrier',
    state: 'ENDED',
    archive: 'archive',
  });
  expect((await store.list('payloads/')).every(({ key }) => key.startsWith(`payloads/${stays}/`))).toBe(true);
  const bytes = await buffer(await store.read(archives[0] as string));
  const lines = gunzipSync(bytes).toString().trim().split('\n');
  const line = lines.map((text) => JSON.parse(text) as { instance: { id: string; input: unknown } });
  expect(line.find(({ instance }) => instance.id === 'old')?.instance.input).toEqual({ text: big('g') });
});

test("nobody can forge a reference to another instance's value", async () => {
  const { store } = await newArtifacts();
  const { engine } = await carried(bench, store, 'victim');
  const secret = (await engine.get('victim')).input;
  await expect(engine.start('carrier' as never, { text: secret } as never)).rejects.toMatchObject({
    code: 'RESERVED_KEY',
    details: { path: 'text.$durachart' },
  });
  const echo = await bench.worker([oneStep('forges', defineStep({ run: () => ({ deep: [secret] }) }))], {
    artifacts: store,
  });
  const { id } = await echo.start('forges', null);
  expect(await standing(echo as never, id, 'failed')).toMatchObject({ error: { code: 'INVALID_OUTPUT' } });
});

test('a context that is too large fails its instance, and the error names the largest fields', async () => {
  const grows = defineWorkflow({
    machine: setup({
      types: {
        context: {} as { pages: { [name: string]: { text: string }[] }; small: number },
        events: {} as { type: 'GROW'; size: number } | { type: 'SPREAD' },
      },
    }).createMachine({
      id: 'grows-without-end',
      context: { pages: {}, small: 1 },
      on: {
        GROW: {
          actions: assign({ pages: ({ event }) => ({ drafts: [{ text: 'x'.repeat(event.size) }, { text: 'y' }] }) }),
        },
        SPREAD: {
          actions: assign(() => Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`part${i}`, big('p', 130)]))),
        },
      },
    }),
  });
  const { store } = await newArtifacts();
  const engine = await bench.worker([grows], { artifacts: store });
  const { id } = await engine.start('grows-without-end', undefined);
  await engine.send(id, { type: 'GROW', size: 15 * 1024 ** 2 });
  await eventually(async () => (await engine.get(id)).sequence === 2);
  await engine.send(id, { type: 'GROW', size: 17 * 1024 ** 2 });
  const { error } = await standing(engine as never, id, 'failed');
  expect(error).toMatchObject({ code: 'CONTEXT_TOO_LARGE', details: { limit: 16 * 1024 ** 2 } });
  expect(bench.faults.filter((fault) => fault.includes(`what instance ${id} wants to store is refused`))).toHaveLength(
    1,
  );
  expect(error?.message).toContain('Largest: pages.drafts[0].text (17.0 MB), small (1 B).');
  const { id: spread } = await engine.start('grows-without-end', undefined);
  await engine.send(spread, { type: 'SPREAD' });
  const view = await standing(engine as never, spread, 'failed');
  expect(view.error?.message).toMatch(
    /take 1\.1 MB, and 1\.0 MB is the limit\. Largest: part0 \(130 KB\), part1 \(130 KB\)/,
  );
});
