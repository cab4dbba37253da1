import { fromPromise, type AnyActorLogic, type PromiseActorLogic } from 'xstate';
import type postgres from 'postgres';
import type { z } from 'zod';
import type { ArtifactStore } from './artifact.ts';
import { DefinitionError, DurachartError } from './error.ts';
import { ActorArguments, type Outlet } from './outlet.ts';
import type { EventDefinition } from './published-event.ts';
import { retryPolicy, type RetryPolicy } from './retry.ts';

/** Lines that a step writes; the last ones are kept with the attempt. */
export interface StepLogger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** What code needs that runs SQL in somebody's transaction: a transactional step's `tx`, or a postgres.js client. */
export interface Transaction {
  <Row extends object = Record<string, unknown>>(
    strings: TemplateStringsArray,
    ...values: readonly unknown[]
  ): Promise<Row[]>;
  unsafe<Row extends object = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/**
 * The transaction of a transactional step, as a postgres.js client, which drizzle and Kysely take as it is. The engine commits it
 * together with the step's result. What begins a transaction in it, `begin` or an ORM's `transaction()`, gets a savepoint: it can
 * be undone by itself, and is committed with all the rest. COMMIT and ROLLBACK are refused with `TRANSACTION_CONTROL`. What is set
 * for the session is gone after the step.
 */
export type StepTransaction = postgres.Sql & Pick<postgres.TransactionSql, 'savepoint'> & Transaction;

/** What a step is called with. */
export interface StepContext<Input> {
  input: Input;
  /** The same for every attempt of this invocation: hand it on as the idempotency key. */
  key: string;
  /** From 1. */
  attempt: number;
  /** Aborted on timeout, when the machine leaves the state, on cancel and when the worker stops. */
  signal: AbortSignal;
  log: StepLogger;
  /** Shows people how far the step is. @param fraction 0 to 1 */
  progress: (fraction: number, message?: string) => void;
  /** Says that the step is alive; needed only where `heartbeat` is set and `progress` is not called often enough. */
  heartbeat: () => void;
  artifacts: ArtifactStore;
  /**
   * Publishes an event, once for all attempts; of a transactional step in its transaction.
   * @param options.key default: the step's own key, so several events of one name need keys
   * @throws StepError `UNKNOWN_EVENT`, `INVALID_EVENT`, `KEY_REUSED`
   */
  publish: <Event extends EventDefinition>(
    event: Event,
    payload: z.input<Event['payload']>,
    options?: { key?: string },
  ) => Promise<{ id: number; duplicate: boolean }>;
  instance: { id: string; workflow: string; tenant: string | null };
}

/** {@link StepContext} of a step with `transactional: true`. */
export interface TransactionalStepContext<Input> extends StepContext<Input> {
  tx: StepTransaction;
}

/** How a step is run; every field may be left out. */
export interface StepOptions {
  retry?: Partial<RetryPolicy>;
  /** Milliseconds an attempt may take; then it ends with `TIMEOUT` (retryable) and whatever it still returns is dropped. */
  timeout?: number;
  /** Milliseconds an attempt may be silent (no `progress`, no `heartbeat`); then it ends with `TIMEOUT`. */
  heartbeat?: number;
  /** Name of the queue whose limit it shares with other steps. */
  queue?: string;
  /** How many invocations of this step one worker runs at a time; with a `concurrencyKey`, of each key. On Trigger.dev for all processes together. */
  concurrency?: number;
  /** On Trigger.dev: run it inside the driver, without a run of its own. For what takes milliseconds; while it runs, the instance takes no events. */
  inline?: boolean;
  /** On Trigger.dev: the size of the VM that it runs on. */
  machinePreset?: MachinePreset;
}

/** Sizes of VMs on Trigger.dev. */
export type MachinePreset = 'micro' | 'small-1x' | 'small-2x' | 'medium-1x' | 'medium-2x' | 'large-1x' | 'large-2x';

type Schema<T> = z.ZodType<T>;

interface StepSchemas<Input, Output> {
  /** Checked before the first attempt; a mismatch is `INVALID_INPUT`. */
  input?: Schema<Input>;
  /** Checked before the result is stored; a mismatch is `INVALID_OUTPUT`. */
  output?: Schema<Output>;
  /**
   * Makes `concurrency` count for each key by itself: `concurrency: 1, concurrencyKey: (input) => input.accountId` runs one
   * invocation an account. 1 to 128 characters, the same for the same input; anything else fails the step with `INVALID_CONCURRENCY_KEY`.
   */
  concurrencyKey?: (input: Input) => string;
}

/** A step as the engine sees it. */
export interface StepDefinition {
  readonly input: Schema<unknown> | undefined;
  readonly output: Schema<unknown> | undefined;
  readonly retry: RetryPolicy;
  /** What the step itself says of its retry; the rest comes from its workflow. */
  readonly ownRetry: Partial<RetryPolicy>;
  readonly timeout: number | undefined;
  readonly heartbeat: number | undefined;
  readonly queue: string | undefined;
  readonly concurrency: number | undefined;
  readonly concurrencyKey?: ((input: unknown) => unknown) | undefined;
  readonly transactional: boolean;
  readonly inline?: boolean | undefined;
  readonly machinePreset?: MachinePreset | undefined;
  readonly run: (context: RunContext) => unknown;
}

/** What an executor calls a step or a custom action with. Only logic that is XState's own is given the outlet. */
export interface RunContext extends TransactionalStepContext<unknown> {
  outlet: Outlet;
}

const STEP = Symbol.for('durachart.step');

/** XState actor logic that carries a step: goes into `setup({ actors })` and types the `input` and `onDone` of the states that invoke it. */
export type Step<Input, Output> = PromiseActorLogic<Output, Input> & { readonly [STEP]: StepDefinition };

/**
 * Defines a typed step.
 *
 * @example
 * const charge = defineStep({
 *   input: z.object({ orderId: z.string(), cents: z.int() }),
 *   output: z.object({ chargeId: z.string() }),
 *   retry: { maxAttempts: 5 },
 *   timeout: 10_000,
 *   run: ({ input, key, signal }) => payments.charge(input, { idempotencyKey: key, signal }),
 * });
 * @throws DefinitionError `INVALID_RETRY`, `CONCURRENCY_MISSING`
 */
export function defineStep<Input, Output>(
  definition: StepOptions &
    StepSchemas<Input, Output> & {
      transactional: true;
      run: (context: TransactionalStepContext<Input>) => Promise<NoInfer<Output>> | NoInfer<Output>;
    },
): Step<Input, Output>;
export function defineStep<Input, Output>(
  definition: StepOptions &
    StepSchemas<Input, Output> & {
      transactional?: false;
      run: (context: StepContext<Input>) => Promise<NoInfer<Output>> | NoInfer<Output>;
    },
): Step<Input, Output>;
export function defineStep<Input, Output>(
  definition: StepOptions &
    StepSchemas<Input, Output> & {
      transactional?: boolean;
      run: (context: TransactionalStepContext<Input>) => Promise<Output> | Output;
    },
): Step<Input, Output> {
  if (definition.concurrencyKey !== undefined && definition.concurrency === undefined) {
    throw new DefinitionError(
      'CONCURRENCY_MISSING',
      'defineStep: concurrencyKey says what concurrency counts, but there is no concurrency. Set it to how many of one key may run at a time.',
    );
  }
  const step: StepDefinition = {
    input: definition.input,
    output: definition.output,
    retry: retryPolicy(definition.retry),
    ownRetry: definition.retry ?? {},
    timeout: definition.timeout,
    heartbeat: definition.heartbeat,
    queue: definition.queue,
    concurrency: definition.concurrency,
    concurrencyKey: definition.concurrencyKey as StepDefinition['concurrencyKey'],
    transactional: definition.transactional ?? false,
    inline: definition.inline,
    machinePreset: definition.machinePreset,
    run: definition.run as StepDefinition['run'],
  };
  // The engine never calls this creator: it is what runs when the machine is driven by XState alone, without the engine.
  const logic = fromPromise<Output, Input>(async () => {
    throw new DurachartError(
      'STEP_OUTSIDE_ENGINE',
      'A step made by defineStep runs in the engine. To drive the machine by XState alone, provide({ actors }) a fromPromise in its place.',
    );
  });
  return Object.assign(logic, { [STEP]: step });
}

/** The step behind registered actor logic, or what kind of logic it is instead. */
export function stepOf(logic: AnyActorLogic): StepDefinition | { notAStep: string } {
  if (STEP in logic) return (logic as Step<unknown, unknown>)[STEP];
  const kind = kindOf(logic);
  if (kind !== 'promise') return { notAStep: kind };
  const creator = (logic as unknown as { config: (args: PromiseArguments) => unknown }).config;
  return {
    input: undefined,
    output: undefined,
    retry: retryPolicy(),
    ownRetry: {},
    timeout: undefined,
    heartbeat: undefined,
    queue: undefined,
    concurrency: undefined,
    transactional: false,
    run: ({ input, signal, outlet }) => creator(new PromiseArguments(input, signal, outlet)),
  };
}

/** What XState gives promise logic. */
class PromiseArguments extends ActorArguments {
  readonly input: unknown;
  readonly signal: AbortSignal;

  constructor(input: unknown, signal: AbortSignal, outlet: Outlet) {
    super(outlet);
    this.input = input;
    this.signal = signal;
  }
}

/**
 * XState does not say which creator made a logic; what each one does with the promise's own event tells.
 * None of it calls the user's code: logic that none of XState's creators made has no `config`.
 */
function kindOf(logic: AnyActorLogic): string {
  if (!('config' in logic)) return 'custom';
  if (!('start' in logic)) return 'transition';
  const initial = logic.getInitialSnapshot({} as never, undefined) as object;
  if ('context' in initial) return 'observable';
  try {
    const done = logic.transition({ status: 'active' }, { type: 'xstate.promise.resolve', data: 1 }, {
      self: {},
    } as never) as { status?: string };
    return done.status === 'done' ? 'promise' : 'custom';
  } catch {
    // Callback logic looks for the listeners that only a running actor has.
    return 'callback';
  }
}
