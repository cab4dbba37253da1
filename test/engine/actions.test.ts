import { assign, emit, fromPromise, log, setup } from 'xstate';
import { expect, test } from 'vitest';
import { defineWorkflow } from '../../src/index.ts';
import { eventually, standing, useBench } from '../support/engine.ts';

const bench = useBench();

test('a named action runs after the commit, with the context and event that it was asked for with, and its params', async () => {
  const calls: { said: unknown; rows: Promise<unknown> }[] = [];
  const machine = setup({
    types: {} as { context: { n: number }; events: { type: 'ADD'; by: number } },
    actions: {
      notify: ({ context, event }, params: { to: string }) => {
        const rows = bench.sql`select sequence, state from durachart.instances where workflow = 'notifies'`.execute();
        calls.push({ said: { context, event, params }, rows });
      },
    },
  }).createMachine({
    id: 'notifies',
    context: { n: 0 },
    initial: 'A',
    states: {
      A: {
        on: {
          ADD: {
            target: 'B',
            actions: [
              assign({ n: ({ context, event }) => context.n + event.by }),
              { type: 'notify', params: ({ context }) => ({ to: `person ${context.n}` }) },
              assign({ n: 100 }),
            ],
          },
        },
      },
      B: {},
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('notifies', undefined);
  await engine.send(id, { type: 'ADD', by: 2 });
  await eventually(() => calls.length === 1);
  expect(calls[0]?.said).toEqual({ context: { n: 2 }, event: { type: 'ADD', by: 2 }, params: { to: 'person 2' } });
  expect(await calls[0]?.rows).toMatchObject([{ sequence: 2, state: 'B' }]);
  await eventually(async () => (await engine.get(id)).steps.length === 0);
  expect(await engine.steps(id)).toMatchObject([{ kind: 'action', step: 'notify', status: 'done' }]);
  expect(await engine.get(id)).toMatchObject({ status: 'waiting', context: { n: 100 } });
});

test('an action that fails is tried again, and holds up nothing', async () => {
  let calls = 0;
  const machine = setup({
    actions: {
      flaky: () => {
        if (++calls === 1) throw new Error('once');
      },
    },
    actors: { work: fromPromise(async () => null) },
  }).createMachine({
    id: 'flaky-action',
    initial: 'A',
    states: { A: { entry: 'flaky', invoke: { src: 'work', onDone: 'B' } }, B: {} },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('flaky-action', undefined);
  await eventually(async () => (await engine.get(id)).state === 'B');
  expect((await engine.get(id)).steps).toMatchObject([{ kind: 'action', step: 'flaky', status: 'retrying' }]);
  await standing(engine, id, 'waiting');
  expect(calls).toBe(2);
  expect((await engine.steps(id)).find(({ kind }) => kind === 'action')).toMatchObject({
    status: 'done',
    attempt: 2,
    attempts: [{ error: { message: 'once' } }],
  });
});

test('an action that fails for good leaves its error, and the instance as it is', async () => {
  const machine = setup({
    actions: {
      bad: () => {
        throw Object.assign(new Error('gone'), { status: 404 });
      },
    },
    types: {} as { events: { type: 'GO' } },
  }).createMachine({
    id: 'bad-action',
    initial: 'A',
    states: { A: { entry: 'bad', on: { GO: 'B' } }, B: { type: 'final' } },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('bad-action', undefined);
  await standing(engine, id, 'waiting');
  expect(await engine.steps(id)).toMatchObject([{ status: 'failed', errorCode: 'NOT_FOUND' }]);
  await engine.send(id, { type: 'GO' });
  await engine.result(id, { timeout: 10_000 });
});

test('actions of the last transition run too, on another worker if need be', async () => {
  const calls: string[] = [];
  const machine = setup({
    types: {} as { events: { type: 'END' } },
    actions: {
      onExit: () => void calls.push('exit'),
      onTransition: () => void calls.push('transition'),
      onEntry: () => void calls.push('entry'),
    },
  }).createMachine({
    id: 'last-words',
    initial: 'A',
    states: {
      A: { exit: 'onExit', on: { END: { target: 'B', actions: 'onTransition' } } },
      B: { type: 'final', entry: 'onEntry' },
    },
  });
  const workflow = defineWorkflow({ machine });
  const engine = await bench.worker([workflow]);
  const { id } = await engine.start('last-words', undefined);
  await engine.send(id, { type: 'END' });
  await standing(engine, id, 'done');
  await eventually(() => calls.length === 3);
  expect(calls).toEqual(['exit', 'transition', 'entry']);
  await eventually(async () => (await engine.get(id)).steps.length === 0);
  await engine.stop();

  // With no worker up the first transition is the visitor's; what it asks for is a worker's.
  const ends = setup({ actions: { bye: () => void calls.push('bye') } }).createMachine({
    id: 'ends-at-once',
    initial: 'A',
    states: { A: { type: 'final', entry: 'bye' } },
  });
  const visitor = bench.engine([defineWorkflow({ machine: ends })]);
  const { id: other } = await visitor.start('ends-at-once', undefined);
  expect(await visitor.get(other)).toMatchObject({ status: 'done', steps: [{ step: 'bye', status: 'queued' }] });
  await bench.worker([defineWorkflow({ machine: ends })]);
  await eventually(() => calls.at(-1) === 'bye');
  await eventually(async () => (await visitor.get(other)).steps.length === 0);
});

test('what is emitted and logged is in the history', async () => {
  const machine = setup({
    types: {} as { context: { n: number }; events: { type: 'GO' }; emitted: { type: 'told'; n: number } },
  }).createMachine({
    id: 'tells',
    context: { n: 7 },
    initial: 'A',
    states: {
      A: {
        on: {
          GO: {
            target: 'B',
            actions: [
              emit(({ context }) => ({ type: 'told', n: context.n })),
              log(({ context }) => ({ n: context.n, at: new Date(0) }), 'label'),
              log('plain'),
            ],
          },
        },
      },
      B: {},
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('tells', undefined);
  await engine.send(id, { type: 'GO' });
  await eventually(async () => (await engine.get(id)).state === 'B');
  const { items } = await engine.history(id);
  expect(items.map(({ emitted }) => emitted)).toEqual([
    [],
    [
      { type: 'emit', event: { type: 'told', n: 7 } },
      { type: 'log', label: 'label', value: { n: 7, at: '1970-01-01T00:00:00.000Z' } },
      { type: 'log', value: 'plain' },
    ],
  ]);
});

test('an action that failed for good is seen everywhere, and can be done once more or let be', async () => {
  let broken = true;
  const machine = setup({
    actions: {
      tell: () => {
        if (broken) throw Object.assign(new Error('gone'), { status: 404 });
      },
    },
    types: {} as { events: { type: 'GO' } },
  }).createMachine({
    id: 'seen-action',
    initial: 'A',
    states: { A: { entry: 'tell', on: { GO: 'B' } }, B: { type: 'final', entry: 'tell' } },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('seen-action', undefined);
  const failed = { kind: 'action', step: 'tell', status: 'failed', errorCode: 'NOT_FOUND' };
  const seen = async (status: string, count = 1) =>
    eventually(async () => {
      const view = await engine.get(id);
      return view.status === status && view.steps.filter((step) => step.status === 'failed').length === count && view;
    });
  expect(await seen('waiting')).toMatchObject({ steps: [failed] });

  const { causes, operations } = await engine.explain(id);
  expect(causes.map(({ code }) => code)).toEqual(['WAITING', 'ACTION_FAILED']);
  expect(causes[1]).toMatchObject({
    step: 'tell',
    words: 'Action tell failed for good in attempt 1 of 3: NOT_FOUND, gone. The machine has gone on without it.',
    error: { code: 'NOT_FOUND' },
    operations: [{ operation: 'retry' }, { operation: 'skip' }],
  });
  expect(operations.map(({ operation }) => operation)).toContain('retry');
  expect((await engine.list({ is: 'stuck', workflow: 'seen-action' })).items).toMatchObject([{ id, steps: [failed] }]);
  const views = await bench.sql`
    select 'failed_actions' as view, status, step, error_code from durachart.failed_actions where id = ${id}
    union all select reason, status, step, error_code from durachart.stuck where id = ${id}`;
  expect(views.map((row) => ({ ...row }))).toEqual([
    { view: 'failed_actions', status: 'waiting', step: 'tell', error_code: 'NOT_FOUND' },
    { view: 'ACTION_FAILED', status: 'waiting', step: 'tell', error_code: 'NOT_FOUND' },
  ]);

  await engine.send(id, { type: 'GO' });
  await seen('done', 2);
  expect((await engine.explain(id)).causes.map(({ code }) => code)).toEqual(['ACTION_FAILED', 'ACTION_FAILED', 'DONE']);
  const [, second] = (await engine.get(id)).steps;
  await engine.operate(id, { operation: 'skip', step: second?.key as string, output: null }, { wait: 10_000 });
  await seen('done', 1);
  broken = false;
  await engine.retry(id, { wait: 10_000 });
  await eventually(async () => (await engine.get(id)).steps.length === 0);
  expect(await engine.get(id)).toMatchObject({ status: 'done' });
  expect((await engine.explain(id)).causes.map(({ code }) => code)).toEqual(['DONE']);
  expect((await engine.steps(id)).map(({ status }) => status)).toEqual(['done', 'done']);
  expect(await bench.sql`select from durachart.failed_actions where id = ${id}`).toHaveLength(0);
  await expect(engine.retry(id)).rejects.toMatchObject({ code: 'NOT_FAILED' });
});
