import type { z } from 'zod';
import { DefinitionError } from './error.ts';

/** An event that is published to whoever subscribes to it. */
export interface EventDefinition<Name extends string = string, Payload extends z.ZodType = z.ZodType> {
  readonly name: Name;
  /** What it carries; what is stored is the schema's output. */
  readonly payload: Payload;
}

/** A subscription: an event starts an instance. */
export interface StartedBy<Event extends EventDefinition = EventDefinition> {
  readonly kind: 'start';
  readonly event: Event;
  readonly input: (payload: never) => unknown;
  readonly when: ((payload: never) => boolean) | undefined;
  readonly tenant: ((payload: never) => string | null) | undefined;
}

/** A subscription: an event reaches the instances that it is about. */
export interface Receives<Event extends EventDefinition = EventDefinition> {
  readonly kind: 'receive';
  readonly event: Event;
  readonly as: string;
  readonly key: (payload: never) => string;
  readonly instanceKey: (instance: { id: string; input: never; context: never }) => string | null | undefined;
  readonly payload: ((payload: never) => object) | undefined;
}

export type Subscription = StartedBy | Receives;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/;

/**
 * Defines an event that is published: whoever subscribes to it, subscribes to this.
 *
 * @example export const userCreated = defineEvent('user.created', z.object({ userId: z.string() }));
 * @param name letters, digits and `._:/-`, at most 100
 * @throws DefinitionError `INVALID_EVENT_NAME`
 */
export function defineEvent<const Name extends string, Payload extends z.ZodType>(
  name: Name,
  payload: Payload,
): EventDefinition<Name, Payload> {
  if (!NAME.test(name)) {
    throw new DefinitionError(
      'INVALID_EVENT_NAME',
      `An event's name has letters, digits and . _ : / -, at most 100; this one is ${JSON.stringify(name)}.`,
    );
  }
  return { name, payload };
}

/** Makes the subscriptions of a workflow whose instances have these inputs and contexts. */
export interface Subscribe<Start, Input, Context, Type extends string> {
  /**
   * Each event starts one instance.
   *
   * @example startedBy(userCreated, { input: ({ userId }) => ({ userId }) })
   * @param options.input what the instance is started with; pure
   * @param options.when of which events; default: of each one
   * @param options.tenant whose the instance is; default: nobody's
   */
  startedBy<Event extends EventDefinition>(
    event: Event,
    options: {
      input: (payload: z.output<Event['payload']>) => Start;
      when?: (payload: z.output<Event['payload']>) => boolean;
      tenant?: (payload: z.output<Event['payload']>) => string | null;
    },
  ): StartedBy<Event>;
  /**
   * Each event is sent to the instances that it is about: those with its key. An instance takes it if its state has a
   * transition for it by then; a machine that should remember an early one has the transition at its root.
   *
   * @example receives(orderPaid, { as: 'PAID', key: ({ orderId }) => orderId, instanceKey: ({ context }) => context.orderId })
   * @param options.as the machine's event that it becomes
   * @param options.key what it is about: text of 1 to 200 characters; pure
   * @param options.instanceKey the same of an instance, asked after each of its transitions; none, and no event reaches it; pure
   * @param options.payload what the machine's event carries; default: the event's own payload
   */
  receives<Event extends EventDefinition>(
    event: Event,
    options: {
      as: Type;
      key: (payload: z.output<Event['payload']>) => string;
      instanceKey: (instance: { id: string; input: Input; context: Context }) => string | null | undefined;
      payload?: (payload: z.output<Event['payload']>) => object;
    },
  ): Receives<Event>;
}

/** How subscriptions are made; what types they are made for, `defineWorkflow` knows. */
export const SUBSCRIBE: Subscribe<unknown, never, never, string> = {
  startedBy: (event, { input, when, tenant }) => ({ kind: 'start', event, input, when, tenant }),
  receives: (event, { as, key, instanceKey, payload }) => ({ kind: 'receive', event, as, key, instanceKey, payload }),
};
