/** An event as plain JSON. */
export interface EventObject {
  type: string;
  [key: string]: unknown;
}

/**
 * Who an event goes to: the instance itself, the one that started it, one that it started, by invoke id, or one that
 * another instance of its tree started, by system id.
 */
export type Target = { self: true } | { parent: true } | { child: string } | { systemId: string };

/** What a transition asks the engine to do, as plain data, in the order in which it was asked. */
export type Effect =
  /** Start a step or a child workflow. `src` is the name under which it is registered. */
  | { type: 'invoke'; id: string; src: string; input: unknown }
  /** The machine has left the state that invoked it, or stopped it. */
  | { type: 'stop'; id: string }
  /** Deliver the event after `delay` milliseconds; one that is pending under the same id is delivered as well, and cannot be cancelled any more. Without an id it cannot be cancelled by name. */
  | { type: 'schedule'; id: string | undefined; event: EventObject; target: Target; delay: number }
  /** Take back a scheduled event; none by that id is no error. */
  | { type: 'cancel'; id: string }
  | { type: 'send'; target: Target; event: EventObject }
  | { type: 'emit'; event: EventObject }
  | { type: 'log'; label: string | undefined; value: unknown }
  /** A named custom action: run after the commit, at least once, with the context and event it was asked for with. */
  | { type: 'action'; name: string; params: unknown; context: Record<string, unknown>; event: EventObject };
