import * as fc from 'fast-check';
import { assign, createActor, raise, sendParent, setup, type AnyStateMachine } from 'xstate';
import { expect, test, vi } from 'vitest';
import { defineWorkflow, type Engine } from '../../src/index.ts';
import { eventually, reached, standing, useBench } from '../support/engine.ts';
import { familyRun, familyMachine, type FamilyRun } from './support/family.ts';

const bench = useBench();

// FC_SEED=… looks at other families; a failure prints the seed and the family.
const SEED = Number(process.env['FC_SEED'] ?? 20_260_301);
const FAMILIES = Number(process.env['FC_RUNS'] ?? 60);

/** Says goodbye to its parent and ends, in one transition. */
const brief = setup({ types: {} as { output: string } }).createMachine({
  id: 'brief',
  output: 'last words',
  initial: 'ENDS',
  states: { ENDS: { type: 'final', entry: sendParent({ type: 'BYE' }) } },
});

/** Where the machine stands in plain XState after its start. */
const inXState = (machine: AnyStateMachine): unknown => createActor(machine).start().getSnapshot().value;

test('the output of a child is taken by the state that its own last message led to', async () => {
  const machine = setup({ types: {} as { context: { said: string } }, actors: { brief } }).createMachine({
    id: 'bereaved',
    context: { said: '' },
    initial: 'HAS',
    states: {
      HAS: { invoke: { id: 'k', src: 'brief' }, on: { BYE: 'MOURNS' } },
      MOURNS: {
        on: {
          'xstate.done.actor.k': {
            target: 'OVER',
            actions: assign({ said: ({ event }) => (event as { output?: string }).output ?? 'nothing' }),
          },
        },
      },
      OVER: {},
    },
  });
  expect(inXState(machine)).toBe('OVER');
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('bereaved', undefined);
  await reached(engine, id, 'OVER');
  expect((await engine.get(id)).context).toEqual({ said: 'last words' });
  expect((await engine.steps(id))[0]).toMatchObject({ status: 'stopped' });
});

test('it is kept while the parent is held, and taken once that goes on', async () => {
  const world = { broken: true };
  const machine = setup({ actors: { brief } }).createMachine({
    id: 'held-bereaved',
    initial: 'HAS',
    states: {
      HAS: { invoke: { id: 'k', src: 'brief' }, on: { BYE: 'MOURNS' } },
      MOURNS: {
        on: {
          'xstate.done.actor.k': {
            guard: () => {
              if (world.broken) throw new Error('not now');
              return true;
            },
            target: 'OVER',
          },
        },
      },
      OVER: {},
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('held-bereaved', undefined);
  expect(await standing(engine, id, 'failed')).toMatchObject({ state: 'MOURNS' });
  world.broken = false;
  await engine.retry(id);
  await reached(engine, id, 'OVER');
});

test('where the message leads to a new child of the same id, the output of the old one is dropped, other than in XState', async () => {
  const stays = setup({}).createMachine({ id: 'stays', initial: 'A', states: { A: {} } });
  const machine = setup({ actors: { brief, stays } }).createMachine({
    id: 'replaces',
    initial: 'FIRST',
    states: {
      FIRST: { invoke: { id: 'k', src: 'brief' }, on: { BYE: 'SECOND' } },
      SECOND: { invoke: { id: 'k', src: 'stays', onDone: 'WRONG' } },
      WRONG: {},
    },
  });
  expect(inXState(machine)).toBe('WRONG');
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('replaces', undefined);
  await reached(engine, id, 'SECOND');
  await settled(id);
  expect(await engine.get(id)).toMatchObject({ state: 'SECOND', status: 'running' });
});

/** Greets its parent as it starts. */
const greets = setup({}).createMachine({
  id: 'greets',
  initial: 'A',
  states: { A: { entry: sendParent({ type: 'HELLO' }) } },
});

/** What was taken, with the event that is taken now. */
const noted = ({ context, event }: { context: { taken: string[] }; event: { type: string } }) => [
  ...context.taken,
  event.type,
];

/** What both take, in their order. */
async function takenBy(machine: AnyStateMachine, count: number): Promise<{ xstate: string[]; engine: string[] }> {
  const actor = createActor(machine).start();
  const xstate = (): string[] => (actor.getSnapshot().context as { taken: string[] }).taken;
  await eventually(() => xstate().length === count);
  actor.stop();
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start(machine.id, undefined);
  const taken = async (): Promise<string[]> => (await engine.get(id)).context?.['taken'] as string[];
  await eventually(async () => (await taken()).length === count);
  return { xstate: xstate(), engine: await taken() };
}

test('what a new child sends as it starts comes after the end of the old one, other than in XState', async () => {
  // Its parent has nothing else to do when it ends.
  const later = setup({}).createMachine({
    id: 'later',
    initial: 'WAITS',
    states: { WAITS: { after: { 5: 'ENDS' } }, ENDS: { type: 'final', entry: sendParent({ type: 'BYE' }) } },
  });
  const machine = setup({ types: {} as { context: { taken: string[] } }, actors: { later, greets } }).createMachine({
    id: 'handover',
    context: { taken: [] },
    initial: 'FIRST',
    states: {
      FIRST: { invoke: { id: 'old', src: 'later' }, on: { BYE: 'SECOND' } },
      SECOND: { invoke: { id: 'new', src: 'greets' }, on: { '*': { actions: assign({ taken: noted }) } } },
    },
  });
  expect(await takenBy(machine, 2)).toEqual({
    xstate: ['HELLO', 'xstate.done.actor.old'],
    engine: ['xstate.done.actor.old', 'HELLO'],
  });
});

test('an event of the parent to itself without delay comes before what its child sends as it starts, other than in XState', async () => {
  const machine = setup({ types: {} as { context: { taken: string[] } }, actors: { greets } }).createMachine({
    id: 'first-come',
    context: { taken: [] },
    invoke: { id: 'k', src: 'greets' },
    entry: raise({ type: 'OWN' }, { delay: 0 }),
    on: { '*': { actions: assign({ taken: noted }) } },
  });
  expect(await takenBy(machine, 2)).toEqual({ xstate: ['HELLO', 'OWN'], engine: ['OWN', 'HELLO'] });
});

test('the output of a child that went on to its end before its parent left it is dropped', async () => {
  // Ends upon a later event, in a transition that sends nothing: in XState it would have been stopped by then.
  const child = setup({}).createMachine({
    id: 'unaware',
    initial: 'A',
    states: {
      A: { on: { GO: { target: 'B', actions: sendParent({ type: 'GOING' }) } } },
      B: { on: { END: 'C' } },
      C: { type: 'final' },
    },
  });
  const machine = setup({ types: {} as { context: { taken: string[] } }, actors: { child } }).createMachine({
    id: 'moves-on',
    context: { taken: [] },
    initial: 'HAS',
    states: {
      HAS: { invoke: { id: 'k', src: 'child' }, on: { GOING: 'LEFT' } },
      LEFT: { on: { '*': { actions: assign({ taken: noted }) } } },
    },
  });
  const engine = bench.engine([defineWorkflow({ machine })]);
  const { id } = await engine.start('moves-on', undefined);
  await engine.send(`${id}.1.k`, { type: 'GO' });
  await engine.send(`${id}.1.k`, { type: 'END' });
  await engine.work();
  await reached(engine, id, 'LEFT');
  await settled(id);
  expect((await engine.get(id)).context).toEqual({ taken: [] });
});

/** Waits until nothing is left to be taken in an instance and in those that it started. */
async function settled(id: string): Promise<void> {
  await eventually(async () => {
    const [row] = await bench.sql`
      select (select count(*) from durachart.events where instance_id like ${`${id}%`} and status = 'pending')
        + (select count(*) from durachart.instances where id like ${`${id}%`} and status = 'scheduled') as left`;
    return Number(row?.['left']) === 0;
  });
}

test(`${FAMILIES} generated parents and children talk as in XState`, { timeout: 120_000 }, async () => {
  const families = fc.sample(familyRun, { seed: SEED, numRuns: FAMILIES });
  const machines = families.map((family, index) => familyMachine(family, `family-${index}`));
  const engine: Engine = await bench.worker(machines.map((machine) => defineWorkflow({ machine })));
  const seen: Record<string, number> = {};
  // XState warns of events for children that have ended; both sides drop them.
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  const run = async (family: FamilyRun, index: number): Promise<void> => {
    const machine = machines[index] as AnyStateMachine;
    const actor = createActor(machine).start();
    const { id } = await engine.start(machine.id, undefined, { id: machine.id });
    for (const event of [undefined, ...family.events]) {
      if (event !== undefined) {
        if (!actor.getSnapshot().can({ type: event })) continue;
        actor.send({ type: event });
        await engine.send(id, { type: event });
      }
      await settled(id);
      const { value, context } = actor.getSnapshot();
      const { state, context: stored } = await engine.get(id);
      expect({ state, context: stored }, `FC_SEED=${SEED}, ${JSON.stringify(family)}`).toEqual({
        state: value,
        context,
      });
      for (const type of context.taken as string[]) seen[type] = (seen[type] ?? 0) + 1;
    }
    actor.stop();
  };
  for (let at = 0; at < families.length; at += 10)
    await Promise.all(families.slice(at, at + 10).map(async (family, index) => run(family, at + index)));
  console.info('families', { seed: SEED, ...seen });
  expect(Object.keys(seen).filter((type) => type.startsWith('xstate.done')).length).toBeGreaterThan(1);
  expect(Math.min(...['M0', 'M1', 'E0', 'E1', 'BYE'].map((type) => seen[type] ?? 0))).toBeGreaterThan(5);
});
