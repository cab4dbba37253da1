import { setup } from 'xstate';
import { defineWorkflow } from '../../../src/index.ts';
import type { Scenario, World } from '../world.ts';
import { ledgerStep, operate, step, type Types } from './parts.ts';

const types = {} as Types & { events: { type: 'PING' } | { type: 'GO' } };
const context = ({ input }: { input: Types['input'] }): Types['context'] => ({ run: input.run, log: [] });
const input = ({ context }: { context: Types['context'] }): Types['input'] => ({ run: context.run });

async function send(world: World, type: 'PING' | 'GO', key: string): Promise<void> {
  await world.call((engine, id) => engine.send(id, { type }, { key }));
}

/** Hangs in its first life and not in the second. */
const running: Scenario = {
  name: 'rewind while a step runs',
  workflows: [
    defineWorkflow({
      machine: setup({
        types,
        actors: {
          pay: ledgerStep(() => 'paid'),
          slow: step(async ({ key }, world) => {
            if (key.includes(':2:')) await world.operated('rewind');
            return 'slow';
          }),
        },
      }).createMachine({
        id: 'rewind-running',
        context,
        initial: 'PAYING',
        states: {
          PAYING: { invoke: { id: 'pay', src: 'pay', onDone: 'WORKING' } },
          WORKING: { invoke: { id: 'work', src: 'slow', onDone: 'DONE' } },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await world.opened('begun ROOT:2:work');
    await operate(world, { operation: 'rewind', to: 1 });
  },
};

const timers: Scenario = {
  name: 'rewind to where a timer was armed',
  workflows: [
    defineWorkflow({
      machine: setup({ types }).createMachine({
        id: 'rewind-timers',
        context,
        initial: 'ARMED',
        states: {
          ARMED: { after: { 60_000: 'LATE' }, on: { PING: 'UNARMED', GO: 'DONE' } },
          UNARMED: {},
          LATE: { type: 'final' },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await send(world, 'PING', 'ping');
    await world.reached('UNARMED');
    await operate(world, { operation: 'rewind', to: 1 });
    await world.armed();
    await send(world, 'GO', 'go');
  },
};

const patient = setup({ types }).createMachine({
  id: 'patient-rewound',
  context,
  initial: 'WAITING',
  states: { WAITING: { on: { GO: 'DONE' } }, DONE: { type: 'final' } },
});

const child: Scenario = {
  name: 'rewind that stops a child',
  workflows: [
    defineWorkflow({
      machine: setup({ types, actors: { patient } }).createMachine({
        id: 'rewind-child',
        context,
        initial: 'NEW',
        states: {
          NEW: { on: { PING: 'DELEGATED', GO: 'DONE' } },
          DELEGATED: { invoke: { id: 'child', src: 'patient', input, onDone: 'WRONG' } },
          WRONG: { type: 'final' },
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await send(world, 'PING', 'ping');
    await world.reached('WAITING', 'ROOT.2.child');
    await operate(world, { operation: 'rewind', to: 1 });
    await world.standing('cancelled', 'ROOT.2.child');
    await send(world, 'GO', 'go');
  },
};

const ended: Scenario = {
  name: 'rewind of what has ended',
  workflows: [
    defineWorkflow({
      machine: setup({ types, actors: { pay: ledgerStep(() => 'paid') } }).createMachine({
        id: 'rewind-ended',
        context,
        initial: 'PAYING',
        states: {
          PAYING: { after: { 60_000: 'LATE' }, invoke: { id: 'pay', src: 'pay', onDone: 'DONE' } },
          LATE: {},
          DONE: { type: 'final' },
        },
      }),
    }),
  ],
  drive: async (world) => {
    await world.standing('done');
    await operate(world, { operation: 'rewind', to: 1 });
    await world.stepDone('3:pay');
  },
};

/** Rewind. */
export const rewindScenarios = [running, timers, child, ended];
