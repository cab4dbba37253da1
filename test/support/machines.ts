import { assign, setup, type PromiseActorLogic } from 'xstate';
import { defineStep, defineWorkflow, SkipItem, type Step, type StepContext, type Workflow } from '../../src/index.ts';

type Options = Omit<Parameters<typeof defineWorkflow>[0], 'machine' | 'name'>;

/** A workflow of one step: BEGUN, then DONE. Its input is the step's, its output what the step returned. */
export function oneStep<const Name extends string, Input, Output>(
  name: Name,
  step: Step<Input, Output>,
  options: Options = {},
): Workflow<Name, Input, { type: string }, Output> {
  const machine = setup({
    types: {} as { context: { input: unknown; output: unknown }; input: unknown; output: unknown },
    actors: { work: step as unknown as PromiseActorLogic<unknown> },
  }).createMachine({
    id: name,
    context: ({ input }: { input: unknown }) => ({ input, output: null as unknown }),
    output: ({ context }: { context: { output: unknown } }) => context.output,
    initial: 'BEGUN',
    states: {
      BEGUN: {
        invoke: {
          id: 'work',
          src: 'work',
          input: ({ context }: { context: { input: unknown } }) => context.input,
          onDone: { target: 'DONE', actions: assign({ output: ({ event }) => event.output }) },
        },
      },
      DONE: { type: 'final' },
    },
  });
  return defineWorkflow({ ...options, machine }) as unknown as Workflow<Name, Input, { type: string }, Output>;
}

/** A workflow that waits for GO, and is DONE; it counts how often it is told to STAY. */
export function waitsForGo<const Name extends string>(name: Name) {
  const machine = setup({
    types: {} as { context: { stays: number }; events: { type: 'GO' } | { type: 'STAY' } },
  }).createMachine({
    id: name,
    context: { stays: 0 },
    initial: 'WAITING',
    states: {
      WAITING: { on: { GO: 'DONE', STAY: { actions: assign({ stays: ({ context }) => context.stays + 1 }) } } },
      DONE: { type: 'final' },
    },
  });
  return defineWorkflow({ machine, name });
}

/** A step that a test holds: each call waits until it is released. */
export class HeldStep {
  /** Inputs of the calls so far, in order. */
  readonly calls: unknown[] = [];
  /** How many run now, and how many did at most. */
  running = 0;
  most = 0;
  private readonly contexts: {
    resolve: (output: unknown) => void;
    reject: (error: Error) => void;
    context: StepContext<unknown>;
  }[] = [];
  private readonly arrivals: { count: number; resolve: () => void }[] = [];

  /** The step itself. */
  step(options: Partial<Parameters<typeof defineStep>[0]> = {}): Step<unknown, unknown> {
    return defineStep<unknown, unknown>({
      ...(options as object),
      run: (context: StepContext<unknown>) => this.run(context),
    });
  }

  /** Resolves once it was called so many times in all. */
  async called(count: number): Promise<StepContext<unknown>> {
    if (this.calls.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.arrivals.push({ count, resolve });
      await promise;
    }
    return (this.contexts[count - 1] as { context: StepContext<unknown> }).context;
  }

  /** The number of the first call for an input: which of several is called first, only the executor knows. */
  numberOf(input: unknown): number {
    return 1 + this.calls.indexOf(input);
  }

  /** Lets a call return, by its number from 1. */
  release(call: number, output: unknown = null): void {
    this.contexts[call - 1]?.resolve(output);
  }

  /** Lets a call fail. */
  fail(call: number, error: Error): void {
    this.contexts[call - 1]?.reject(error);
  }

  /** Lets a call say that there is nothing to be done for its item. */
  skip(call: number): void {
    this.fail(call, new SkipItem('there already'));
  }

  private async run(context: StepContext<unknown>): Promise<unknown> {
    this.most = Math.max(this.most, ++this.running);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.contexts.push({ resolve, reject, context });
    this.calls.push(context.input);
    for (const arrival of this.arrivals) if (this.calls.length >= arrival.count) arrival.resolve();
    try {
      return await promise;
    } finally {
      this.running--;
    }
  }
}
