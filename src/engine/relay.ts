import type { EventObject } from '../core/effect.ts';
import { invokeId, RELAY } from './keys.ts';
import { message } from './message.ts';
import type { InboxEvent, Post, StepRow } from './ports.ts';
import type { State } from './state.ts';

/** An event on its way through a tree of instances to the actor that has a system id. */
interface Relayed {
  systemId: string;
  event: EventObject;
  /** The instance that it comes from; missing where it is the one that sends it. */
  from?: string;
}

/** An event that carries another one, as a timer has it. */
export function relayEvent(systemId: string, event: EventObject): EventObject {
  return { type: RELAY, systemId, event };
}

/** Whether an event is only to be relayed, and is none of the machine's. */
export function isRelay({ type, source }: Pick<InboxEvent, 'type' | 'source'>): boolean {
  return type === RELAY && source === 'instance';
}

/**
 * Where an instance sends an event for an actor elsewhere in its tree: to its own child that has the system id, else to its parent, and
 * to those children below which there may be such an actor. Each of them relays it in a commit of its own; where there is no
 * such actor, it is dropped.
 */
export function relays(
  { id, parent, workflow, stored }: Pick<State, 'id' | 'parent' | 'workflow' | 'stored'>,
  steps: ReadonlyMap<string, StepRow>,
  { systemId, event, from }: Relayed,
): Post[] {
  const children = [...steps.values()].filter(({ kind }) => kind === 'workflow');
  const registered = Object.entries(stored?.children ?? {}).find(([, child]) => child.systemId === systemId);
  if (registered !== undefined) {
    const row = children.find(({ key }) => invokeId(key) === registered[0]);
    return row?.childId == null ? [] : [message(row.childId, event)];
  }
  const below = children.flatMap(({ step, childId }) =>
    workflow.children.get(step)?.machine.mayHaveBelow(systemId) === true && childId !== null ? [childId] : [],
  );
  const relayed: Relayed = { systemId, event, from: id };
  return [...below, ...(parent === null ? [] : [parent.id])]
    .filter((to) => to !== from)
    .map((to) => ({ ...message(to, { type: RELAY }), payload: relayed }));
}

/** What a relayed event in an inbox carries. */
export function relayedBy({ payload }: { payload: unknown }): Relayed {
  return payload as Relayed;
}
