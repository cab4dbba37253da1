import { setup, type AnyStateMachine } from 'xstate';
import { expect, test } from 'vitest';
import { defineStep, defineWorkflow, forEach, StepError } from '../../../src/index.ts';
import { eventually, reached, standing, useBench } from '../../support/engine.ts';
import { HeldStep } from '../../support/machines.ts';
import { cause, codes, kill, offered } from './support.ts';

const bench = useBench();

/** A parent that waits for one child. */
function over(id: string, child: AnyStateMachine): AnyStateMachine {
  return setup({ actors: { child } }).createMachine({
    id,
    initial: 'A',
    states: { A: { invoke: { id: 'child', src: 'child', onDone: 'DONE' } }, DONE: { type: 'final' } },
  });
}

const breaks = defineStep<unknown, string>({
  run: () => {
    throw new StepError('QUOTA_EXCEEDED', 'No more.');
  },
});
const fragile = setup({ actors: { breaks } }).createMachine({
  id: 'fragile',
  initial: 'TRIES',
  states: { TRIES: { invoke: { id: 'try', src: 'breaks', onDone: 'DONE' } }, DONE: { type: 'final' } },
});

test('a child that failed is followed down to the leaf, whose retry is offered too', async () => {
  const engine = await bench.worker([defineWorkflow({ machine: over('top', over('middle', fragile)) })]);
  const { id } = await engine.start('top', undefined, { id: 'top-1' });
  await standing(engine, id, 'failed');
  const explanation = await engine.explain(id);
  expect(codes(explanation)).toEqual(['CHILD_FAILED']);
  const failed = cause(explanation, 'CHILD_FAILED');
  expect(failed).toMatchObject({
    key: '1:child',
    childId: 'top-1.1.child',
    error: { code: 'QUOTA_EXCEEDED' },
    leaf: { id: 'top-1.1.child.1.child', workflow: 'fragile', status: 'failed', state: 'TRIES', code: 'FAILED' },
  });
  expect(explanation.path?.map(({ id, code }) => `${id} ${code}`)).toEqual([
    'top-1.1.child CHILD_FAILED',
    'top-1.1.child.1.child FAILED',
  ]);
  expect(failed.words).toBe(
    'The child top-1.1.child failed at top-1.1.child.1.child in TRIES: Step breaks failed for good in attempt 1 of 3: QUOTA_EXCEEDED, No more.',
  );
  expect(failed.operations.map(({ command }) => command)).toEqual(
    expect.arrayContaining(['durachart retry top-1', 'durachart retry top-1.1.child.1.child']),
  );
});

test('a child that is busy, at any depth', async () => {
  const held = new HeldStep();
  const busy = setup({ actors: { work: held.step() } }).createMachine({
    id: 'busy',
    initial: 'A',
    states: { A: { invoke: { src: 'work' } } },
  });
  const engine = await bench.worker([defineWorkflow({ machine: over('waits', over('waits-too', busy)) })]);
  const { id } = await engine.start('waits', undefined);
  await held.called(1);
  const explanation = await engine.explain(id);
  expect(codes(explanation)).toEqual(['CHILD_RUNNING']);
  expect(cause(explanation, 'CHILD_RUNNING').leaf).toMatchObject({ workflow: 'busy', code: 'RUNNING' });
  expect(explanation.path).toHaveLength(2);
  held.release(1);
});

test('a child that fans out goes on', async () => {
  const held = new HeldStep();
  const fans = setup({ actors: { each: forEach(held.step(), { concurrency: 2 }) } }).createMachine({
    id: 'fans',
    initial: 'A',
    states: {
      A: { invoke: { id: 'all', src: 'each', input: { items: [1, 2, 3] }, onDone: 'B' } },
      B: { type: 'final' },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine: over('above-fan-out', fans) })]);
  const { id } = await engine.start('above-fan-out', undefined);
  await held.called(2);
  const explanation = await eventually(async () => {
    const seen = await engine.explain(id);
    return codes(seen).includes('CHILD_RUNNING') && seen;
  });
  expect(codes(explanation)).toEqual(['CHILD_RUNNING']);
  expect(cause(explanation, 'CHILD_RUNNING').leaf).toMatchObject({ workflow: 'fans', code: 'FAN_OUT' });
  for (let n = 1; n <= 3; n++) {
    await held.called(n);
    held.release(n);
  }
  await engine.result(id, { timeout: 10_000 });
});

test('a child that waits for a person: what it waits for is offered to whoever asks its parent', async () => {
  const asks = setup({ types: {} as { events: { type: 'SIGN' } } }).createMachine({
    id: 'asks',
    initial: 'ASKED',
    states: { ASKED: { on: { SIGN: 'SIGNED' } }, SIGNED: { type: 'final' } },
  });
  const engine = await bench.worker([defineWorkflow({ machine: over('asks-above', asks) })]);
  const { id } = await engine.start('asks-above', undefined, { id: 'above-1' });
  await reached(engine, 'above-1.1.child', 'ASKED');
  const waits = cause(await engine.explain(id), 'CHILD_RUNNING');
  expect(waits.words).toBe('It waits for the child above-1.1.child in ASKED: It waits for SIGN.');
  expect(waits.operations.map(({ command }) => command)).toContain('durachart send above-1.1.child SIGN');
});

test('a child that is stuck: its worker is dead', async () => {
  const held = new HeldStep();
  const stuck = setup({ actors: { work: held.step() } }).createMachine({
    id: 'stuck',
    initial: 'A',
    states: { A: { invoke: { src: 'work', onDone: 'B' } }, B: { type: 'final' } },
  });
  const workflow = defineWorkflow({ machine: over('above-stuck', stuck) });
  const worker = await bench.worker([workflow]);
  const watcher = bench.engine([workflow]);
  const { id } = await worker.start('above-stuck', undefined);
  await held.called(1);
  await eventually(
    async () => (await bench.sql`select from durachart.instances where id = ${id} and lease is null`).length === 1,
  );
  await kill(worker);
  const explanation = await eventually(async () => {
    const seen = await watcher.explain(id);
    return codes(seen).includes('CHILD_STUCK') && seen;
  });
  expect(codes(explanation)).toEqual(['CHILD_STUCK']);
  expect(cause(explanation, 'CHILD_STUCK').leaf).toMatchObject({ id: `${id}.1.child`, code: 'DEAD_WORKER' });
  expect(cause(explanation, 'CHILD_STUCK').words).toContain('is stuck in A: Worker');
});

test('a child that was cancelled while its parent was failed', async () => {
  const engine = await bench.worker([defineWorkflow({ machine: over('bereft', fragile) })]);
  const { id } = await engine.start('bereft', undefined);
  await standing(engine, id, 'failed');
  await engine.cancel(`${id}.1.child`);
  await standing(engine, `${id}.1.child`, 'cancelled');
  await eventually(async () => (await engine.get(id)).steps[0]?.errorCode === 'CANCELLED');
  const failed = cause(await engine.explain(id), 'CHILD_FAILED');
  expect(failed.leaf).toMatchObject({ status: 'cancelled', code: 'CANCELLED' });
  expect(offered(failed)).toContain('retry');
});

test('families are followed twenty deep and twenty wide, and no further', async () => {
  const held = new HeldStep();
  const work = setup({ actors: { work: held.step() } }).createMachine({
    id: 'deepest',
    initial: 'A',
    states: { A: { invoke: { src: 'work' } } },
  });
  let deep: AnyStateMachine = work;
  for (let level = 24; level > 0; level--) deep = over(`level-${level}`, deep);
  const wide = setup({ actors: { work } }).createMachine({
    id: 'wide',
    type: 'parallel',
    states: Object.fromEntries(
      Array.from({ length: 25 }, (_, n) => [`r${n}`, { invoke: { id: `c${n}`, src: 'work' as const } }]),
    ),
  });
  const engine = await bench.worker([defineWorkflow({ machine: deep }), defineWorkflow({ machine: wide })]);
  const first = await engine.start('level-1', undefined, { id: 'd' });
  const second = await engine.start('wide', undefined, { id: 'w' });
  await held.called(26);
  expect((await engine.explain(first.id)).path).toHaveLength(20);
  const { causes } = await engine.explain(second.id);
  expect(causes.map(({ code }) => code)).toEqual(Array.from({ length: 25 }, () => 'CHILD_RUNNING'));
  expect(causes.filter((each) => 'leaf' in each && each.leaf !== null)).toHaveLength(20);
  for (let call = 1; call <= 26; call++) held.release(call);
});
