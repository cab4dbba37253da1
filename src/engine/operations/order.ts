import type { Operation as PatchOperation } from 'rfc6902';
import type { Effect } from '../../core/effect.ts';
import type { StoredSnapshot } from '../../core/snapshot.ts';
import { SETTLED } from '../keys.ts';
import type { InboxEvent } from '../ports.ts';

/** An earlier moment of an instance: where its machine stood, and what it had asked for that was still to come. */
export interface Moment {
  snapshot: StoredSnapshot;
  /** Invocations that were live, and timers with the time that they had left. */
  effects: Effect[];
}

/** What an operator asks of an instance, as it lies in the inbox: everything that deciding it needs. */
export type Order =
  | { operation: 'retry' }
  | { operation: 'pause' }
  | { operation: 'unpause' }
  /** With the machine's own cancel event where it has one and the state takes it, unless forced. */
  | { operation: 'cancel'; force?: boolean }
  | { operation: 'skip'; step: string; output: unknown }
  | { operation: 'rewind'; to: number; moment: Moment }
  | { operation: 'edit'; patch: PatchOperation[] }
  /** Takes up what is stuck, in the way that fits: see {@link Order} `as`. */
  | { operation: 'resume'; as: Exclude<Order, { operation: 'resume' }> | { operation: 'send'; type: string } };

/** The order that an event carries, or undefined for every other event. One without a payload comes from a parent, and has no record. */
export function orderOf(event: InboxEvent): Order | undefined {
  if (event.source !== 'control' || event.type === SETTLED || !event.type.startsWith('durachart.')) return undefined;
  return (event.payload as Order | null) ?? ({ operation: event.type.slice('durachart.'.length) } as Order);
}
