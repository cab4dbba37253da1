import { emit, setup } from 'xstate';
import { z } from 'zod';
import { defineEvent, defineStep, defineWorkflow } from '../../../src/index.ts';
import type { Engine } from '../../../src/engine/api.ts';
import type { Scenario, World } from '../world.ts';
import { ledgerStep, step, type Types } from './parts.ts';

const said = defineEvent('said', z.object({ run: z.string(), what: z.string() }));
const answered = defineEvent('answered', z.object({ run: z.string() }));

/** Enters what it has heard into the ledger. */
const listener = defineWorkflow({
  machine: setup({
    types: {} as { input: z.infer<typeof said.payload>; context: z.infer<typeof said.payload> },
    actors: {
      note: defineStep({
        input: said.payload,
        transactional: true,
        run: async ({ input: { run, what }, tx }) =>
          void (await tx`insert into ledger (key) values (${`${run} heard ${what}`})`),
      }),
    },
  }).createMachine({
    id: 'listener',
    context: ({ input }) => input,
    initial: 'TOLD',
    states: {
      TOLD: { invoke: { src: 'note', input: ({ context }) => context, onDone: 'NOTED' } },
      NOTED: { type: 'final' },
    },
  }),
  subscriptions: ({ startedBy }) => [startedBy(said, { input: (payload) => payload })],
});

const publish = (world: World, name: string, payload: object, key: string): Promise<unknown> =>
  world.call((engine) => (engine as unknown as Engine).publish(name, payload, { key }));

/** Publishes in every way there is, and is reached by what the outside publishes. */
export const publishedScenario: Scenario = {
  name: 'events published by a machine, by steps and by the outside',
  perLife: 6,
  workflows: [
    defineWorkflow({
      machine: setup({
        types: {} as Types & { events: { type: 'ANSWERED' }; emitted: { type: 'said'; run: string; what: string } },
        actors: {
          tell: step(async ({ instance, publish: tell }) => {
            await tell(said, { run: instance.id, what: 'by a step' });
            return null;
          }),
          within: ledgerStep((context) =>
            context.publish(said, { run: context.instance.id, what: 'in a transaction' }).then(() => null),
          ),
        },
      }).createMachine({
        id: 'speaker',
        context: ({ input: { run } }) => ({ run, log: [] }),
        initial: 'BEGUN',
        states: {
          BEGUN: {
            entry: emit(({ context: { run } }) => ({ type: 'said', run, what: 'by the machine' }) as const),
            invoke: { id: 'tell', src: 'tell', onDone: 'TOLD' },
          },
          TOLD: { invoke: { id: 'within', src: 'within', onDone: 'SILENT' } },
          SILENT: { on: { ANSWERED: 'ANSWERED' } },
          ANSWERED: { type: 'final' },
        },
      }),
      publishes: [said],
      subscriptions: ({ receives }) => [
        receives(answered, {
          as: 'ANSWERED',
          key: ({ run }) => run,
          instanceKey: ({ context }) => context.run,
        }),
      ],
    }),
    listener,
  ],
  drive: async (world) => {
    await publish(world, 'said', { run: world.root, what: 'by the outside' }, world.root);
    await world.reached('SILENT');
    await publish(world, 'answered', { run: world.root }, world.root);
    await world.inLedger(`${world.root} heard %`, 4);
  },
};
