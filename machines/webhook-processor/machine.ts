import { assign, setup } from 'xstate';
import type { Job, Processed } from './input.ts';
import { publishWebhook } from './publish.ts';

/** A signed webhook becomes an event, once. */
export const machine = setup({
  types: {
    input: {} as Job,
    context: {} as { job: Job; processed: Processed | null },
    output: {} as Processed,
  },
  actors: { publish: publishWebhook },
}).createMachine({
  id: 'webhook-processor',
  description: 'Publishes a webhook to the workflows that subscribe to it.',
  context: ({ input }) => ({ job: input, processed: null }),
  initial: 'RECEIVED',
  states: {
    RECEIVED: {
      description: 'The signature was right and the body is stored; it is being published.',
      invoke: {
        id: 'publish',
        src: 'publish',
        input: ({ context }) => context.job,
        onDone: [
          {
            guard: ({ event }) => event.output.published,
            target: 'PUBLISHED',
            actions: assign({ processed: ({ event }) => event.output }),
          },
          { target: 'DUPLICATE', actions: assign({ processed: ({ event }) => event.output }) },
        ],
      },
    },
    PUBLISHED: { description: 'Whoever subscribes to webhook.received has it.', type: 'final' },
    DUPLICATE: { description: 'It had been published before; nothing was done.', type: 'final' },
  },
  output: ({ context }) => context.processed as Processed,
});
