import { once } from 'node:events';
import { assign, setup } from 'xstate';
import { defineStep, defineWorkflow, StepError, type StepContext } from '../../../src/index.ts';

/** Calls of the steps here, by instance; a test looks at what a handler saw. */
export const calls = new Map<string, { attempt: number; key: string; at: number; signal: AbortSignal }[]>();

function noted<T>(run: (context: StepContext<unknown>) => Promise<T> | T) {
  return async (context: StepContext<unknown>): Promise<T> => {
    const list = calls.get(context.instance.id) ?? [];
    calls.set(context.instance.id, list);
    list.push({ attempt: context.attempt, key: context.key, at: Date.now(), signal: context.signal });
    return run(context);
  };
}

/** A step that the test holds, instance by instance: its n-th call waits until it is let go. */
class Held {
  private readonly doors = new Map<string, PromiseWithResolvers<unknown>>();
  private readonly contexts = new Map<string, PromiseWithResolvers<StepContext<unknown>>>();
  private readonly counts = new Map<string, number>();

  /** Resolves once an instance has called it so many times. */
  async called(id: string, nth: number): Promise<StepContext<unknown>> {
    return slot(this.contexts, `${id} ${nth}`).promise;
  }

  release(id: string, nth: number, output: unknown = null): void {
    slot(this.doors, `${id} ${nth}`).resolve(output);
  }

  async run(context: StepContext<unknown>): Promise<unknown> {
    const { id } = context.instance;
    const nth = (this.counts.get(id) ?? 0) + 1;
    this.counts.set(id, nth);
    slot(this.contexts, `${id} ${nth}`).resolve(context);
    return slot(this.doors, `${id} ${nth}`).promise;
  }
}

function slot<T>(map: Map<string, PromiseWithResolvers<T>>, key: string): PromiseWithResolvers<T> {
  const known = map.get(key) ?? Promise.withResolvers<T>();
  map.set(key, known);
  return known;
}

export const held = new Held();

const RETRY = { maxAttempts: 3, minDelay: 10, maxDelay: 20 };
const types = {} as {
  context: { got: unknown };
  input: unknown;
  output: unknown;
  events: { type: 'LEAVE' } | { type: 'NOTE' };
};
const context = { got: null as unknown };

/** BEGUN runs `work`, which the test holds; LEAVE leaves it, NOTE does not; then DONE. */
export const holding = defineWorkflow({
  machine: setup({
    types,
    actors: { work: defineStep<unknown, unknown>({ retry: RETRY, run: async (context) => held.run(context) }) },
  }).createMachine({
    id: 'holding',
    context,
    initial: 'BEGUN',
    output: ({ context }: { context: { got: unknown } }) => context.got,
    states: {
      BEGUN: {
        invoke: {
          id: 'work',
          src: 'work',
          onDone: { target: 'DONE', actions: assign({ got: ({ event }) => event.output }) },
        },
        on: { LEAVE: 'LEFT', NOTE: { actions: assign({ got: 'noted' }) } },
      },
      LEFT: { type: 'final' },
      DONE: { type: 'final' },
    },
  }),
});

/** Asked to come back after a time by the other side. */
export const asked = defineWorkflow({
  machine: setup({
    types,
    actors: {
      call: defineStep<unknown, number>({
        retry: RETRY,
        run: noted(({ attempt }) => {
          if (attempt === 1) throw new StepError('RATE_LIMITED', 'later', { retryAfter: 150 });
          return attempt;
        }),
      }),
    },
  }).createMachine({
    id: 'asked',
    context,
    initial: 'BEGUN',
    output: ({ context }: { context: { got: unknown } }) => context.got,
    states: {
      BEGUN: {
        invoke: {
          id: 'call',
          src: 'call',
          onDone: { target: 'DONE', actions: assign({ got: ({ event }) => event.output }) },
        },
      },
      DONE: { type: 'final' },
    },
  }),
});

/** A final error that no state handles. */
export const refused = defineWorkflow({
  machine: setup({
    types,
    actors: {
      call: defineStep<unknown, null>({
        retry: RETRY,
        run: noted(() => {
          throw new StepError('API_KEY_INVALID', 'no', { details: { key: 'abc' } });
        }),
      }),
    },
  }).createMachine({
    id: 'refused',
    context,
    initial: 'BEGUN',
    states: { BEGUN: { invoke: { id: 'call', src: 'call', onDone: 'DONE' } }, DONE: { type: 'final' } },
  }),
});

const together = Promise.withResolvers<void>();
let here = 0;

/** Two steps that each end only when the other one has begun. */
export const overlapping = defineWorkflow({
  machine: setup({
    types,
    actors: {
      meet: defineStep<unknown, null>({
        queue: 'meetings',
        run: async () => {
          if (++here === 2) together.resolve();
          await together.promise;
          return null;
        },
      }),
    },
  }).createMachine({
    id: 'overlapping',
    type: 'parallel',
    context,
    states: {
      a: {
        initial: 'run',
        states: { run: { invoke: { id: 'a', src: 'meet', onDone: 'done' } }, done: { type: 'final' } },
      },
      b: {
        initial: 'run',
        states: { run: { invoke: { id: 'b', src: 'meet', onDone: 'done' } }, done: { type: 'final' } },
      },
    },
  }),
});

/** A cheap step inside the driver, then one that listens to its signal. */
export const mixed = defineWorkflow({
  machine: setup({
    types,
    actors: {
      cheap: defineStep<unknown, string>({
        inline: true,
        retry: { ...RETRY, minDelay: 1 },
        run: noted(({ attempt }) =>
          attempt < 2 ? Promise.reject(new StepError('UNAVAILABLE', 'once more')) : 'cheap',
        ),
      }),
      listens: defineStep<unknown, null>({
        machinePreset: 'large-1x',
        concurrency: 1,
        timeout: 30_000,
        run: noted(async ({ signal, progress, log }) => {
          progress(0.5, 'half');
          log.info('listening');
          if (!signal.aborted) await once(signal, 'abort');
          return null;
        }),
      }),
    },
  }).createMachine({
    id: 'mixed',
    context,
    initial: 'BEGUN',
    output: ({ context }: { context: { got: unknown } }) => context.got,
    states: {
      BEGUN: {
        invoke: {
          id: 'cheap',
          src: 'cheap',
          onDone: { target: 'LISTENING', actions: assign({ got: ({ event }) => event.output }) },
        },
      },
      LISTENING: {
        invoke: { id: 'listens', src: 'listens', onDone: 'DONE' },
        on: { LEAVE: 'LEFT' },
        after: { 3_600_000: 'DONE' },
      },
      LEFT: { type: 'final' },
      DONE: { type: 'final' },
    },
  }),
});

export const all = [holding, asked, refused, overlapping, mixed] as const;

const work = defineStep<unknown, unknown>({ retry: RETRY, run: async (context) => held.run(context) });
const side = (id: string) =>
  ({
    initial: 'run',
    states: { run: { invoke: { id, src: 'work', onDone: 'done' } }, done: { type: 'final' } },
  }) as const;

/** Two steps beside each other, which the test holds; LEAVE leaves both. */
export const twins = defineWorkflow({
  machine: setup({ types, actors: { work } }).createMachine({
    id: 'twins',
    context,
    initial: 'BOTH',
    states: {
      BOTH: { type: 'parallel', states: { a: side('a'), b: side('b') }, on: { LEAVE: 'LEFT' }, onDone: 'DONE' },
      LEFT: { type: 'final' },
      DONE: { type: 'final' },
    },
  }),
});
