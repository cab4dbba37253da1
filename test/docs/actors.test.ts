import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AnyStateMachine, PromiseActorLogic } from 'xstate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { defineWorkflow, type Engine } from '../../src/index.ts';
import { eventually, useBench } from '../support/engine.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bench = useBench();

/** What the code on the page needs around it. */
const BEFORE = `
import { fromPromise, sendTo, setup, assign } from 'xstate';
const draw = async () => {};
const log = setup({}).createMachine({
  id: 'log',
  context: { received: 0 },
  on: { BEGUN: { actions: assign({ received: ({ context }) => context.received + 1 }) } },
});
`;

let folder: string;
let page: { render: PromiseActorLogic<unknown, { id: string; pages: number[] }>; shop: AnyStateMachine };
beforeAll(async () => {
  const text = await readFile(join(root, 'docs/actors.md'), 'utf8');
  const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block as string);
  // Inside the repo, so that it finds the packages.
  folder = await mkdtemp(join(root, 'test/docs/actors-'));
  const file = join(folder, 'page.mjs');
  await writeFile(file, `${BEFORE}${blocks.join('\n')}\nexport { render, shop };\n`);
  page = (await import(/* @vite-ignore */ file)) as typeof page;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the promise of the page sends and emits', async () => {
  const machine = setup({
    types: {} as { context: { drawn: number[] }; events: { type: 'DRAWN'; page: number } },
    actors: { render: page.render },
  }).createMachine({
    id: 'draws',
    context: { drawn: [] },
    initial: 'A',
    on: { DRAWN: { actions: assign({ drawn: ({ context, event }) => [...context.drawn, event.page] }) } },
    states: {
      A: { invoke: { src: 'render', input: { id: 'r', pages: [1, 2] }, onDone: 'B' } },
      B: { type: 'final' },
    },
    output: ({ context }) => context.drawn,
  });
  const engine: Engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('draws', undefined);
  expect(await engine.result(id, { timeout: 20_000 })).toEqual([1, 2]);
  const { items } = await engine.history(id);
  expect(items.flatMap(({ emitted }) => emitted)).toEqual([
    { type: 'emit', event: { type: 'render.finished', id: 'r' } },
  ]);
});

test('the sibling of the page is reached by its system id', async () => {
  const engine: Engine = await bench.worker([defineWorkflow({ machine: page.shop })]);
  const { id } = await engine.start('shop', undefined);
  await eventually(async () => {
    const view = await engine.get(`${id}.1.log`).catch(() => undefined);
    return view?.context?.['received'] === 1;
  });
});
