import fc from 'fast-check';
import { assign, createActor, sendTo, setup, type AnyActorRef, type AnyStateMachine } from 'xstate';
import { expect, test } from 'vitest';
import { defineWorkflow, type Engine } from '../../src/index.ts';
import { eventually, useBench } from '../support/engine.ts';

const bench = useBench();
const seed = Number(process.env['FC_SEED'] ?? 20_260_302);

/** A machine of a tree: whether its parent gives it a system id, and the machines that it invokes. */
interface Node {
  has: boolean;
  below: Node[];
}

/** Of each further machine, which of those before it starts it. */
const trees = fc
  .array(fc.record({ parent: fc.nat(), has: fc.boolean() }), { minLength: 3, maxLength: 11 })
  .filter((nodes) => nodes.some(({ has }) => has))
  .map((nodes) => {
    const made: Node[] = [{ has: false, below: [] }];
    for (const { parent, has } of nodes) {
      const node: Node = { has, below: [] };
      (made[parent % made.length] as Node).below.push(node);
      made.push(node);
    }
    return made[0] as Node;
  });

/** Each machine by its way from the root: `0.2` is the third child of the first one. */
function ways(tree: Node, way = ''): { way: string; node: Node }[] {
  return [
    { way, node: tree },
    ...tree.below.flatMap((each, index) => ways(each, way === '' ? `${index}` : `${way}.${index}`)),
  ];
}

const invokeOf = (index: string): string => `c${index}`;

/** SEND has it send an actor an event by its system id, HI counts. */
function machineOf(name: string, { below }: Node, way: string): AnyStateMachine {
  const children = below.map((each, index) => ({ each, way: way === '' ? `${index}` : `${way}.${index}` }));
  const actors = Object.fromEntries(children.map((child) => [`a${child.way}`, machineOf(name, child.each, child.way)]));
  return setup({
    types: {} as { context: { received: number }; events: { type: 'SEND'; to: string } | { type: 'HI' } },
    actors: actors as Record<string, AnyStateMachine>,
  }).createMachine({
    id: `${name}-${way === '' ? 'root' : way.replaceAll('.', '-')}`,
    context: { received: 0 },
    invoke: children.map((child, index) => ({
      id: invokeOf(`${index}`),
      src: `a${child.way}`,
      ...(child.each.has ? { systemId: `s${child.way}` } : {}),
    })),
    on: {
      SEND: {
        actions: sendTo(({ system, event }) => system.get((event as never as { to: string }).to) as AnyActorRef, {
          type: 'HI',
        }),
      },
      HI: { actions: assign({ received: ({ context }) => context.received + 1 }) },
    },
  } as never) as unknown as AnyStateMachine;
}

/** Asks each machine to send each system id so many events as a seed says; returns what each has received. */
function inXState(machine: AnyStateMachine, sends: { from: string; to: string }[], all: string[]): number[] {
  const root = createActor(machine).start();
  const actor = (way: string): AnyActorRef =>
    way === ''
      ? root
      : way
          .split('.')
          .reduce<AnyActorRef>(
            (at, index) => at.getSnapshot().children[invokeOf(index)] as AnyActorRef,
            root as AnyActorRef,
          );
  for (const { from, to } of sends) actor(from).send({ type: 'SEND', to } as never);
  return all.map((way) => (actor(way).getSnapshot() as { context: { received: number } }).context.received);
}

test('in generated trees each event reaches the actor that XState gives it to', async () => {
  console.log(`FC_SEED=${seed}`);
  const sampled = fc.sample(trees, { seed, numRuns: 12 });
  const plans = sampled.map((tree, n) => {
    const name = `generated-${n}`;
    const all = ways(tree);
    const ids = all.slice(1).flatMap((each) => (each.node.has ? [`s${each.way}`] : []));
    const sends = fc.sample(
      fc.record({ from: fc.constantFrom(...all.map(({ way }) => way)), to: fc.constantFrom(...ids) }),
      { seed: seed + n, numRuns: 25 },
    );
    return { name, machine: machineOf(name, tree, ''), sends, all: all.map(({ way }) => way) };
  });
  const engine: Engine = await bench.worker(plans.map(({ machine }) => defineWorkflow({ machine })));
  await Promise.all(
    plans.map(async ({ name, machine, sends, all }) => {
      const { id } = await engine.start(`${name}-root`, undefined);
      const instanceOf = (way: string): string =>
        way === '' ? id : way.split('.').reduce((at, index) => `${at}.1.${invokeOf(index)}`, id);
      const count = async (way: string): Promise<number | undefined> =>
        (await engine.get(instanceOf(way)).catch(() => undefined))?.context?.['received'] as number | undefined;
      await eventually(async () => (await Promise.all(all.map(count))).every((each) => each !== undefined));
      for (const { from, to } of sends) await engine.send(instanceOf(from), { type: 'SEND', to });
      await eventually(async () => {
        const [waiting] = await bench.sql`
          select from durachart.events where (instance_id = ${id} or instance_id like ${`${id}.%`}) and status = 'pending' limit 1`;
        return waiting === undefined;
      });
      expect(await Promise.all(all.map(count))).toEqual(inXState(machine, sends, all));
    }),
  );
}, 120_000);
