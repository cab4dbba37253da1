import type { Workflow } from '../core/workflow.ts';
import type { InstanceView, Started, StartOptions } from './api.ts';
import type { OperationOptions, OperationRecord } from './operations/records.ts';

/** What a trigger function needs of an engine: one that knows the workflow. On Trigger.dev it is the client's `engine`. */
export interface TriggeringEngine<Name extends string, Input> {
  start(workflow: Name, input: Input, options?: StartOptions): Promise<Started>;
  get(id: string): Promise<InstanceView>;
  cancel(id: string, options?: OperationOptions & { force?: boolean }): Promise<OperationRecord | null>;
  result<O>(id: string, options?: { timeout?: number; signal?: AbortSignal }): Promise<O>;
}

/** An instance that a trigger function has started, or found there by its key. */
export interface Triggered<Output> extends Started {
  /** Where it stands. @throws `INSTANCE_NOT_FOUND` once retention has removed it */
  status(): Promise<InstanceView>;
  /** Ends it, like `engine.cancel`; null where it has ended already. */
  cancel(options?: OperationOptions & { force?: boolean }): Promise<OperationRecord | null>;
  /** Waits for its end, like `engine.result`. @throws `INSTANCE_FAILED`, `INSTANCE_CANCELLED`, `TIMEOUT`, `ENGINE_STOPPED` */
  result(options?: { timeout?: number; signal?: AbortSignal }): Promise<Output>;
}

/** Starts an instance of one workflow; see {@link defineTrigger}. */
export type TriggerFunction<Name extends string, Input, Output> = (
  engine: TriggeringEngine<Name, Input>,
  input: Input,
  options?: StartOptions,
) => Promise<Triggered<Output>>;

/**
 * A typed function that starts a workflow, and gives back where it stands, how to cancel it and what comes of it. An
 * engine that does not know the workflow is refused by its type.
 *
 * @example
 * export const triggerOrder = defineTrigger(orders);
 * const order = await triggerOrder(engine, { cents: 4_200 }, { key: 'order-42' });
 * (await order.status()).state; // 'PAID'
 * await order.cancel({ by: 'ada', why: 'ordered twice' });
 * @throws the function: what `engine.start` throws
 */
export function defineTrigger<Name extends string, Input, Event, Output>(
  workflow: Workflow<Name, Input, Event, Output>,
): TriggerFunction<Name, Input, Output> {
  return async (engine, input, options) => {
    const started = await engine.start(workflow.name, input, options);
    return {
      ...started,
      status: () => engine.get(started.id),
      cancel: (cancelling) => engine.cancel(started.id, cancelling),
      result: (waiting) => engine.result<Output>(started.id, waiting),
    };
  };
}
