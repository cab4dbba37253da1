import { assign, setup } from 'xstate';
import { defineWorkflow, StepError } from '../../../src/index.ts';
import type { Scenario, World } from '../world.ts';
import { add, ledgerStep, operate, step, type Types } from './parts.ts';

const types = {} as Types & { events: { type: 'GO' } };
const context = ({ input }: { input: Types['input'] }): Types['context'] => ({ run: input.run, log: [] });
const input = ({ context }: { context: Types['context'] }): Types['input'] => ({ run: context.run });

/** Forks the root once it has made a transition. */
async function fork(world: World, from: number): Promise<void> {
  await world.call((engine, id) => engine.fork(id, { id: `${id}.fork`, from }, { by: 'proof', key: 'fork' }));
}

const forkOfStep: Scenario = {
  name: 'fork from where a step was live',
  workflows: [
    defineWorkflow({
      machine: setup({
        types,
        actors: { pay: ledgerStep(() => 'paid') },
      }).createMachine({
        id: 'forked-step',
        context,
        initial: 'PAYING',
        output: ({ context }) => context.log,
        states: {
          PAYING: {
            invoke: { id: 'pay', src: 'pay', onDone: { target: 'PAID', actions: assign({ log: add('paid') }) } },
          },
          PAID: { on: { GO: 'DONE' } },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await world.reached('PAID');
    await fork(world, 1);
    await world.reached('PAID', 'ROOT.fork');
    await world.call((engine, id) => engine.send(`${id}.fork`, { type: 'GO' }, { key: 'go' }));
    await world.call((engine, id) => engine.send(id, { type: 'GO' }, { key: 'go' }));
    await world.standing('done', 'ROOT.fork');
  },
};

const patient = setup({ types }).createMachine({
  id: 'patient-forked',
  context,
  initial: 'WAITING',
  states: { WAITING: { on: { GO: 'DONE' } }, DONE: { type: 'final' } },
});

const forkOfChild: Scenario = {
  name: 'fork from where a child was live',
  workflows: [
    defineWorkflow({
      machine: setup({ types, actors: { patient } }).createMachine({
        id: 'forked-child',
        context,
        initial: 'DELEGATED',
        states: {
          DELEGATED: { invoke: { id: 'child', src: 'patient', input, onDone: 'DONE' } },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await world.reached('WAITING', 'ROOT.1.child');
    await fork(world, 1);
    for (const parent of ['ROOT.fork', 'ROOT']) {
      await world.reached('WAITING', `${parent}.1.child`);
      await world.call((engine) => engine.send(world.real(`${parent}.1.child`), { type: 'GO' }, { key: 'go' }));
      await world.standing('done', parent);
    }
  },
};

/** Says what it was given; refuses an empty list for good, or for a long time. */
const tell = (code: 'INVALID_INPUT' | 'UNAVAILABLE') =>
  step(
    ({ input }) => {
      const log = input as string[];
      if (log.length === 0) throw new StepError(code, 'nothing');
      return log.join();
    },
    { minDelay: 60_000, maxDelay: 60_000 },
  );

function edited(name: string, code: 'INVALID_INPUT' | 'UNAVAILABLE') {
  return defineWorkflow({
    machine: setup({ types, actors: { tell: tell(code) } }).createMachine({
      id: name,
      context,
      initial: 'TELLING',
      output: ({ context }) => context.log,
      states: {
        TELLING: {
          invoke: {
            id: 'tell',
            src: 'tell',
            input: ({ context }: { context: Types['context'] }) => context.log,
            onDone: {
              target: 'DONE',
              actions: assign({ log: ({ context, event }) => [...context.log, event.output] }),
            },
          },
        },
        DONE: { type: 'final' },
      },
    }),
  });
}

const patch = [{ op: 'add' as const, path: '/log/-', value: 'by hand' }];

const editOfFailed: Scenario = {
  name: 'edit of a failed instance',
  workflows: [edited('edit-failed', 'INVALID_INPUT')],
  drive: async (world) => {
    await world.standing('failed');
    await operate(world, { operation: 'edit', patch });
    await operate(world, { operation: 'retry' });
  },
};

const editOfPaused: Scenario = {
  name: 'edit of a paused instance',
  workflows: [edited('edit-paused', 'UNAVAILABLE')],
  drive: async (world) => {
    await world.stepIs('1:tell', 'retrying');
    await operate(world, { operation: 'pause' });
    await operate(world, { operation: 'edit', patch });
    await operate(world, { operation: 'unpause' });
  },
};

const editOfWaiting: Scenario = {
  name: 'edit of a waiting instance',
  workflows: [
    defineWorkflow({
      machine: setup({ types, actors: { pay: ledgerStep(() => 'paid') } }).createMachine({
        id: 'edit-waiting',
        context,
        initial: 'WAITING',
        output: ({ context }) => context.log,
        states: {
          WAITING: { on: { GO: { guard: ({ context }) => context.log.length > 0, target: 'PAYING' } } },
          PAYING: { invoke: { id: 'pay', src: 'pay', onDone: 'DONE' } },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await world.reached('WAITING');
    await operate(world, { operation: 'edit', patch });
    await world.call((engine, id) => engine.send(id, { type: 'GO' }, { key: 'go' }));
  },
};

/** Fork and edit. */
export const forkAndEditScenarios = [forkOfStep, forkOfChild, editOfFailed, editOfPaused, editOfWaiting];
