import { assign, setup } from 'xstate';
import type { z } from 'zod';
import { known, type Context } from './context.ts';
import type { Job, outputSchema } from './input.ts';
import { gather } from './steps/gather.ts';
import { record } from './steps/record.ts';
import { render } from './steps/render.ts';
import { send } from './steps/send.ts';

/** What happened to a user's pins on a day becomes a mail. */
export const machine = setup({
  types: { input: {} as Job, context: {} as Context, output: {} as z.infer<typeof outputSchema> },
  actors: { gather, render, send, record },
}).createMachine({
  id: 'digest-email',
  description: 'Sends a user a mail about the day: how the pins did, which did best, which became winners.',
  context: ({ input }) => ({ job: input, digest: null, reason: null, message: null, sent: null }),
  initial: 'REQUESTED',
  states: {
    REQUESTED: {
      description: 'The job is accepted; what there is to tell is being gathered.',
      invoke: {
        id: 'gather',
        src: 'gather',
        input: ({ context }) => context.job,
        onDone: [
          {
            guard: ({ event }) => event.output.digest !== null,
            target: 'GATHERED',
            actions: assign({ digest: ({ event }) => event.output.digest }),
          },
          { target: 'NOTHING_SENT', actions: assign({ reason: ({ event }) => event.output.reason }) },
        ],
      },
    },
    GATHERED: {
      description: 'It is known what to tell; the message is being written.',
      invoke: {
        id: 'render',
        src: 'render',
        input: ({ context }) => known(context.digest),
        onDone: { target: 'RENDERED', actions: assign({ message: ({ event }) => event.output }) },
      },
    },
    RENDERED: {
      description: 'The message is stored as it goes out; it is being handed to the mail server.',
      invoke: {
        id: 'send',
        src: 'send',
        input: ({ context }) => known(context.message),
        onDone: { target: 'SENT', actions: assign({ sent: ({ event }) => event.output }) },
      },
    },
    SENT: {
      description: 'The mail server has the message; that is being noted.',
      invoke: {
        id: 'record',
        src: 'record',
        input: ({ context: { job, message, sent } }) => ({
          job,
          messageId: known(message).messageId,
          ...known(sent),
        }),
        onDone: 'RECORDED',
      },
    },
    RECORDED: { description: 'The digest is sent, and will not be sent again.', type: 'final' },
    NOTHING_SENT: { description: 'There was nothing to send; the context says why.', type: 'final' },
  },
  output: ({ context: { sent, reason, message } }) => ({
    sent: sent !== null,
    reason,
    messageId: message?.messageId ?? null,
  }),
});
