import { fromPromise, type AnyActorLogic, type PromiseActorLogic } from 'xstate';
import { z } from 'zod';
import { DefinitionError, DurachartError, StepError } from './error.ts';
import type { Step } from './step.ts';

/** How a fan-out goes through its items; every field may be left out. */
export interface ForEachOptions {
  /** Items under way at a time, 1 to 1,000. One that waits for its next attempt is under way. Default: `batch`, else 10. */
  concurrency?: number;
  /** Items go in batches of so many, 1 to 1,000: the next batch begins when all of the last one have ended. One that is skipped does not count. */
  batch?: number;
  /** Milliseconds between two batches; survives every crash. */
  pause?: number;
  /** When an item has failed for good: `fail` stops the others and fails the fan-out with the item's error, `continue` notes it. Default: `fail`. */
  onItemError?: 'continue' | 'fail';
}

/** Input of a fan-out: its items, each an input of the step; with options where they hang on the instance. */
export type ForEachInput<Item> = readonly Item[] | (ForEachOptions & { readonly items: readonly Item[] });

/** What comes of a fan-out: `event.output` of its `onDone`. */
export interface ForEachOutput<Output> {
  /** Items in all. */
  total: number;
  done: number;
  failed: number;
  /** Those that their step ended with {@link SkipItem}, and those that a person skipped. */
  skipped: number;
  /** What the items that are done came to, in order of their index; of a step without outputs there are none. */
  results: { index: number; output: Output }[];
  /** The first 100 items that failed, in order of their index; `failed` counts all. */
  failures: { index: number; code: string; message: string }[];
}

/** What a fan-out goes by, with nothing left out. */
export interface ForEachPolicy {
  readonly concurrency: number;
  readonly batch: number | null;
  readonly pause: number;
  readonly onItemError: 'continue' | 'fail';
}

/** XState actor logic that carries a fan-out: goes into `setup({ actors })`, and is invoked with a list of items. */
export type ForEach<Input, Output> = PromiseActorLogic<ForEachOutput<Output>, ForEachInput<Input>> & {
  readonly [FOR_EACH]: { readonly step: AnyActorLogic; readonly options: ForEachOptions };
};

const FOR_EACH = Symbol.for('durachart.forEach');

const DEFAULT_CONCURRENCY = 10;
const MOST_AT_ONCE = 1_000;
/** Items of one fan-out: all of them are written by the commit that begins it. */
const MOST_ITEMS = 100_000;

/**
 * Thrown by a step for an item that needs nothing done: it counts as skipped, neither as failed nor against its batch.
 * Outside of a fan-out it fails the step with `SKIPPED`.
 */
export class SkipItem extends StepError {
  /** @param why shown to people, at most 500 characters of it */
  constructor(why: string) {
    super('SKIPPED', why, { retryable: false });
    this.name = 'SkipItem';
  }
}

/**
 * A step, once for each of many items. Each item is an invocation of its own: stored, retried, limited and shown as any
 * other. The machine takes one event at the end, so neither its snapshot nor its history grows with the items.
 *
 * @example
 * setup({ actors: { renderAll: forEach(render, { concurrency: 4, onItemError: 'continue' }) } }).createMachine({ …
 *   invoke: { src: 'renderAll', input: ({ context }) => context.scenes, onDone: 'RENDERED' } … })
 * @throws DefinitionError `INVALID_FOR_EACH`
 */
export function forEach<Input, Output>(
  step: Step<Input, Output> | PromiseActorLogic<Output, Input>,
  options: ForEachOptions = {},
): ForEach<Input, Output> {
  const wrong = fault(options);
  if (wrong !== undefined) throw new DefinitionError('INVALID_FOR_EACH', `forEach: ${wrong}.`, { options });
  // As with a step, the engine never calls this creator.
  const logic = fromPromise<ForEachOutput<Output>, ForEachInput<Input>>(async () => {
    throw new DurachartError(
      'STEP_OUTSIDE_ENGINE',
      'A fan-out made by forEach runs in the engine. To drive the machine by XState alone, provide({ actors }) a fromPromise in its place.',
    );
  });
  return Object.assign(logic, { [FOR_EACH]: { step, options } });
}

/** The step and the options behind registered actor logic, or undefined where it is no fan-out. */
export function forEachOf(logic: AnyActorLogic): { step: AnyActorLogic; options: ForEachOptions } | undefined {
  return FOR_EACH in logic ? (logic as ForEach<unknown, unknown>)[FOR_EACH] : undefined;
}

/**
 * The output of a fan-out as it may be given by hand: what is left out of it is nothing, and of the counts what they are.
 * @param output of an item
 */
export function forEachOutput(
  output: z.ZodType | undefined,
  counts: Partial<Pick<ForEachOutput<unknown>, 'total' | 'done' | 'failed' | 'skipped'>> | null,
): z.ZodType {
  const count = (known = 0) => z.int().min(0).default(known);
  return z.strictObject({
    total: count(counts?.total),
    done: count(counts?.done),
    failed: count(counts?.failed),
    skipped: count(counts?.skipped),
    results: z.array(z.strictObject({ index: z.int().min(0), output: output ?? z.unknown() })).default([]),
    failures: z.array(z.strictObject({ index: z.int().min(0), code: z.string(), message: z.string() })).default([]),
  });
}

/** What a fan-out is invoked with, in full. @throws DurachartError `INVALID_ITEMS` */
export function forEachInput(
  name: string,
  options: ForEachOptions,
  input: unknown,
): { items: readonly unknown[]; policy: ForEachPolicy } {
  const given = Array.isArray(input) ? { items: input } : ((input ?? {}) as ForEachOptions & { items?: unknown });
  const { items, ...own } = given as ForEachOptions & { items?: unknown };
  const all = { ...options, ...own };
  const wrong = !Array.isArray(items)
    ? 'its input must be a list of items, or { items } with options beside it'
    : items.length > MOST_ITEMS
      ? `it has ${items.length} items, and may have ${MOST_ITEMS}; split them over several instances`
      : fault(all);
  if (wrong !== undefined) throw new DurachartError('INVALID_ITEMS', `The fan-out ${name} cannot begin: ${wrong}.`);
  return {
    items: items as unknown[],
    policy: {
      concurrency: all.concurrency ?? all.batch ?? DEFAULT_CONCURRENCY,
      batch: all.batch ?? null,
      pause: all.pause ?? 0,
      onItemError: all.onItemError ?? 'fail',
    },
  };
}

function fault({ concurrency, batch, pause, onItemError }: ForEachOptions): string | undefined {
  if (!isCount(concurrency)) return `concurrency must be a whole number from 1 to ${MOST_AT_ONCE}`;
  if (!isCount(batch)) return `batch must be a whole number from 1 to ${MOST_AT_ONCE}`;
  if (pause !== undefined && !(Number.isFinite(pause) && pause >= 0)) return 'pause must be milliseconds, 0 or more';
  if (pause !== undefined && batch === undefined) return 'pause comes between batches; set batch to how many one has';
  if (onItemError !== undefined && onItemError !== 'continue' && onItemError !== 'fail')
    return "onItemError must be 'continue' or 'fail'";
  return undefined;
}

function isCount(value: number | undefined): boolean {
  return value === undefined || (Number.isInteger(value) && value >= 1 && value <= MOST_AT_ONCE);
}
