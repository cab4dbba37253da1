import { assign, raise, setup } from 'xstate';
import { expect, test } from 'vitest';
import { defineStep, defineWorkflow, StepError } from '../../../src/index.ts';
import { eventually, standing, useBench } from '../../support/engine.ts';

const bench = useBench();
const wait = 5_000;

const calls: string[] = [];
const count = defineStep({
  run: ({ key }) => {
    calls.push(key);
    return 1;
  },
});

/** Its step comes to its end without the machine leaving the state that invoked it. */
const stays = defineWorkflow({
  machine: setup({
    types: { context: {} as { n: number }, events: {} as { type: 'GO' } | { type: 'AGAIN' } },
    actors: { count },
  }).createMachine({
    id: 'stays',
    context: { n: 0 },
    initial: 'OPEN',
    states: {
      OPEN: {
        invoke: { id: 'count', src: 'count', onDone: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
        on: { GO: { actions: assign({ n: ({ context }) => context.n + 10 }) }, AGAIN: 'CLOSED' },
      },
      CLOSED: {},
    },
  }),
});

test('what was over at that moment is not begun again', async () => {
  const engine = await bench.worker([stays]);
  await engine.start('stays', {}, { id: 'over' });
  await eventually(async () => (await engine.get('over')).context?.['n'] === 1);
  await engine.send('over', { type: 'GO' });
  await eventually(async () => (await engine.get('over')).sequence === 3);
  await engine.operate('over', { operation: 'rewind', to: 2 }, { wait });
  expect(await engine.get('over')).toMatchObject({ status: 'waiting', context: { n: 1 }, sequence: 4 });
  // Nor after a second one, back to the first.
  await engine.operate('over', { operation: 'rewind', to: 4 }, { wait });
  expect(await engine.get('over')).toMatchObject({ status: 'waiting', context: { n: 1 }, sequence: 5 });
  expect(calls).toEqual(['over:1:count']);
  await engine.operate('over', { operation: 'rewind', to: 1 }, { wait });
  await eventually(async () => (await engine.get('over')).context?.['n'] === 1);
  expect(calls).toEqual(['over:1:count', 'over:6:count']);
});

const failing = defineStep({
  run: () => {
    throw new StepError('INVALID_INPUT', 'no');
  },
});
const child = setup({ actors: { failing } }).createMachine({
  id: 'rewind-child',
  initial: 'BEGUN',
  states: { BEGUN: { invoke: { id: 'fail', src: 'failing', onDone: 'DONE' } }, DONE: { type: 'final' } },
});
const parent = defineWorkflow({
  machine: setup({ types: { events: {} as { type: 'GO' } }, actors: { child } }).createMachine({
    id: 'rewind-parent',
    initial: 'NEW',
    states: {
      NEW: { on: { GO: 'DELEGATED' } },
      DELEGATED: { invoke: { id: 'child', src: 'child', onDone: 'DONE' } },
      DONE: { type: 'final' },
    },
  }),
});

test('a child that failed, and that nobody waits for any longer, is ended', async () => {
  const engine = await bench.worker([parent]);
  await engine.start('rewind-parent', {}, { id: 'parent' });
  await engine.send('parent', { type: 'GO' });
  await eventually(async () => (await engine.get('parent')).state === 'DELEGATED');
  await standing(engine, 'parent', 'failed');
  await engine.operate('parent', { operation: 'rewind', to: 1 }, { wait });
  await standing(engine, 'parent.2.child', 'cancelled');
  expect((await engine.steps('parent')).map(({ key, status }) => [key, status])).toEqual([['2:child', 'failed']]);
});

const early = defineWorkflow({
  machine: setup({ types: { events: {} as { type: 'GO' } | { type: 'LATER' } } }).createMachine({
    id: 'early',
    initial: 'DEAF',
    states: {
      DEAF: { entry: raise({ type: 'LATER' }, { delay: 20, id: 'later' }), on: { GO: 'HEARING' } },
      HEARING: { on: { LATER: 'WRONG', GO: 'DEAF' } },
      WRONG: {},
    },
  }),
});

test('a timer that had fired by then, though nothing took it, is not armed again', async () => {
  const engine = await bench.worker([early]);
  await engine.start('early', undefined, { id: 'early' });
  await eventually(async () => (await engine.get('early')).timers.length === 0);
  await engine.send('early', { type: 'GO' });
  await eventually(async () => (await engine.get('early')).state === 'HEARING');
  await engine.operate('early', { operation: 'rewind', to: 2 }, { wait });
  const { timers, state } = await engine.get('early');
  expect({ timers, state }).toEqual({ timers: [], state: 'HEARING' });
});
