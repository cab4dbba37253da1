import { assign, log, sendTo, setup } from 'xstate';
import { z } from 'zod';
import { defineEvent, defineStep, defineWorkflow, StepError } from '../../../src/index.ts';

const secret = () => z.string().meta({ secret: true });

const Context = z.object({
  account: z.string(),
  password: secret(),
  /** Not marked, though a secret gets there. */
  note: z.string(),
  session: z.object({ token: secret().nullable(), since: z.string() }),
  pin: z.int().meta({ secret: true }).nullable(),
});

/** Does with secrets what one should not: logs them, puts them into messages, errors, emitted events and other fields. */
const login = defineStep({
  input: z.object({ account: z.string(), password: secret() }),
  output: z.object({ token: secret(), since: z.string() }),
  retry: { maxAttempts: 1 },
  run: async ({ input: { account, password }, log, progress, instance }) => {
    log.info(`login with ${password}`, { account, with: { password } });
    progress(0.5, `trying ${password}`);
    if (account.startsWith('locked'))
      throw new StepError('LOCKED', `No login for ${account}:${password}`, {
        retryable: false,
        details: { tried: password },
      });
    return { token: `token-of-${instance.id}`, since: 'today' };
  },
});

const machine = setup({
  types: {} as {
    context: z.infer<typeof Context>;
    input: { account: string; password: string };
    events: { type: 'rotate'; password: string; reason: string } | { type: 'open'; pin: number } | { type: 'close' };
    output: { token: string | null; account: string };
    emitted: { type: 'opened'; by: string | null };
  },
  actors: { login },
  actions: { tell: () => {} },
}).createMachine({
  id: 'vault',
  context: ({ input }) => ({
    account: input.account,
    password: input.password,
    note: '',
    session: { token: null, since: '' },
    pin: null,
  }),
  initial: 'CLOSED',
  output: ({ context }) => ({ token: context.session.token, account: context.account }),
  states: {
    CLOSED: {
      invoke: {
        src: 'login',
        id: 'enter',
        input: ({ context }) => ({ account: context.account, password: context.password }),
        onDone: {
          target: 'OPEN',
          actions: [
            assign({ session: ({ event }) => event.output, note: ({ context }) => `entered by ${context.password}` }),
            {
              type: 'tell',
              params: ({ context }: { context: z.infer<typeof Context> }) => ({ to: context.password }),
            } as never,
          ],
        },
      },
    },
    OPEN: {
      on: {
        rotate: {
          actions: assign({
            password: ({ event }) => event.password,
            note: ({ event, context }) => `${context.password} became ${event.password}: ${event.reason}`,
          }),
        },
        open: { actions: assign({ pin: ({ event }) => event.pin }) },
        close: 'OVER',
      },
    },
    OVER: { type: 'final' },
  },
});

const moved = defineEvent(
  'account.moved',
  z.object({ account: z.string(), password: z.string().meta({ secret: true }) }),
);

/** A workflow with secrets in all that a schema can mark. */
export const vault = defineWorkflow({
  subscriptions: ({ startedBy }) => [
    startedBy(moved, {
      input: ({ account, password }) => ({ account, password }),
      when: ({ account }) => account !== 'nobody',
    }),
  ],
  machine,
  context: Context,
  input: z.object({ account: z.string(), password: secret() }),
  output: z.object({ token: secret().nullable(), account: z.string() }),
  events: {
    rotate: z.object({ password: secret(), reason: z.string() }),
    open: z.object({ pin: z.int().meta({ secret: true }) }),
  },
});

/** One child sends another one an event by its system id, which the parent relays. */
export const relaying = defineWorkflow({
  machine: setup({
    actors: {
      from: setup({ types: {} as { events: { type: 'SAY'; word: string } } }).createMachine({
        id: 'relaying-from',
        on: {
          SAY: {
            actions: sendTo(
              ({ system }) => system.get('to'),
              ({ event }) => ({ type: 'SAID', word: event.word }) as never,
            ),
          },
        },
      }),
      to: setup({}).createMachine({ id: 'relaying-to', on: { SAID: { actions: log('said') } } }),
    },
  }).createMachine({
    id: 'relaying',
    invoke: [
      { id: 'from', src: 'from' },
      { id: 'to', src: 'to', systemId: 'to' },
    ],
  }),
});
