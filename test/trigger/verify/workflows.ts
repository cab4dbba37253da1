import { setTimeout as sleep } from 'node:timers/promises';
import { setup } from 'xstate';
import { defineStep, defineWorkflow, StepError, type StepContext, type StepOptions } from '../../../src/index.ts';

/** Makes what takes its time here shorter, for a platform that answers at once. */
export const PACE = Number(process.env['VERIFY_PACE'] ?? 1);

const RETRY = { maxAttempts: 3, minDelay: 300 * PACE, maxDelay: 1_000 };

function step<Output>(run: (context: StepContext<unknown>) => Promise<Output> | Output, options: StepOptions = {}) {
  return defineStep<unknown, Output>({ retry: RETRY, ...options, run });
}

const types = {} as { context: { n: number }; events: { type: 'GO' } | { type: 'LEAVE' }; input: unknown };
const context = { n: 0 };
const done = { type: 'final' } as const;

function chain<const Name extends string>(name: Name, options: StepOptions) {
  const to = (target: string) => ({ invoke: { id: 'work', src: 'work', onDone: target } }) as const;
  return defineWorkflow({
    machine: setup({ types, actors: { work: step(() => 'ok', options) } }).createMachine({
      id: name,
      context,
      initial: 'S1',
      states: { S1: to('S2'), S2: to('S3'), S3: to('S4'), S4: to('S5'), S5: to('S6'), S6: to('DONE'), DONE: done },
    }),
    name,
  });
}

/** Six steps after each other, each a run of its own. */
export const sequential = chain('verify-sequential', {});
/** The same inside the driver. */
export const inline = chain('verify-inline', { inline: true });

/** Two steps of 4 s beside each other. */
export const parallel = defineWorkflow({
  machine: setup({ types, actors: { slow: step(async () => sleep(4_000 * PACE, 'ok')) } }).createMachine({
    id: 'verify-parallel',
    type: 'parallel',
    context,
    states: {
      a: { initial: 'run', states: { run: { invoke: { id: 'a', src: 'slow', onDone: 'done' } }, done } },
      b: { initial: 'run', states: { run: { invoke: { id: 'b', src: 'slow', onDone: 'done' } }, done } },
    },
  }),
});

/** A step that takes a minute if nobody stops it. */
export const stoppable = defineWorkflow({
  machine: setup({
    types,
    actors: { slow: step(async ({ signal }) => sleep(60_000, 'late', { signal })) },
  }).createMachine({
    id: 'verify-stoppable',
    context,
    initial: 'WORKING',
    states: {
      WORKING: { invoke: { id: 'slow', src: 'slow', onDone: 'WRONG' }, on: { LEAVE: 'LEFT' } },
      LEFT: done,
      WRONG: done,
    },
  }),
});

/** A timer of 3 s, one that is cancelled, and a wait for a person. */
export const timers = defineWorkflow({
  machine: setup({ types }).createMachine({
    id: 'verify-timers',
    context,
    initial: 'ARMED',
    states: {
      ARMED: { after: { [3_000 * PACE]: 'WAITING' } },
      WAITING: { after: { 3_600_000: 'WRONG' }, on: { GO: 'DONE' } },
      WRONG: done,
      DONE: done,
    },
  }),
});

/** Asked to come back after 2 s, then an error that cannot be retried. */
export const errors = defineWorkflow({
  machine: setup({
    types,
    actors: {
      limited: step(({ attempt }) => {
        if (attempt === 1) throw new StepError('RATE_LIMITED', 'later', { retryAfter: 2_000 * PACE });
        return attempt;
      }),
      hopeless: step(() => {
        throw new StepError('QUOTA_EXCEEDED', 'never');
      }),
    },
  }).createMachine({
    id: 'verify-errors',
    context,
    initial: 'ASKED',
    states: {
      ASKED: { invoke: { id: 'limited', src: 'limited', onDone: 'TRIED' } },
      TRIED: {
        invoke: {
          id: 'hopeless',
          src: 'hopeless',
          onDone: 'WRONG',
          onError: {
            guard: ({ event }) => (event.error as { code: string }).code === 'QUOTA_EXCEEDED',
            target: 'HANDLED',
          },
        },
      },
      WRONG: done,
      HANDLED: done,
    },
  }),
});

const child = setup({ types, actors: { work: step(() => 'ok') } }).createMachine({
  id: 'verify-child',
  context,
  initial: 'WORKING',
  states: { WORKING: { invoke: { id: 'work', src: 'work', onDone: 'DONE' } }, DONE: done },
});

/** A child workflow, then a transactional step. */
export const parent = defineWorkflow({
  machine: setup({
    types,
    actors: {
      child,
      book: defineStep<unknown, number>({
        retry: RETRY,
        transactional: true,
        run: async ({ tx, key }) => {
          await tx`create table if not exists public.durachart_verify (key text primary key)`;
          await tx`insert into public.durachart_verify values (${key})`;
          return 1;
        },
      }),
    },
  }).createMachine({
    id: 'verify-parent',
    context,
    initial: 'DELEGATED',
    states: {
      DELEGATED: { invoke: { id: 'child', src: 'child', onDone: 'BOOKING' } },
      BOOKING: { invoke: { id: 'book', src: 'book', onDone: 'DONE' } },
      DONE: done,
    },
  }),
});

/** Ends the process, the first time that this process does it for the invocation: a marker in the database would be the step's own. */
async function die({ attempt, log, key, artifacts }: StepContext<unknown>): Promise<number> {
  const marker = `verify/${key.replaceAll(/[^A-Za-z0-9]/g, '-')}.txt`;
  if ((await artifacts.stat(marker).catch(() => undefined)) !== undefined) return attempt;
  await artifacts.put(marker, 'dead');
  log.warn('kills its process');
  process.kill(process.pid, 'SIGKILL');
  return sleep(10_000, 0);
}

/** A step whose process is killed, then a driver whose process is killed with the instance in its hands. */
export const killed = defineWorkflow({
  machine: setup({ types, actors: { step: step(die), inside: step(die, { inline: true }) } }).createMachine({
    id: 'verify-killed',
    context,
    initial: 'STEP',
    states: {
      STEP: { invoke: { id: 'step', src: 'step', onDone: 'DRIVER' } },
      DRIVER: { invoke: { id: 'inside', src: 'inside', onDone: 'DONE' } },
      DONE: done,
    },
  }),
});

export const verifyWorkflows = [sequential, inline, parallel, stoppable, timers, errors, parent, killed] as const;
