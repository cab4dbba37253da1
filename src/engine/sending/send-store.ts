import type { StoredSnapshot } from '../../core/snapshot.ts';
import type { ErrorRecord } from '../../core/error.ts';
import type { InboxEvent, InstanceStatus, Millis } from '../ports.ts';

/** An event from outside. */
export interface NewEvent {
  instanceId: string;
  type: string;
  payload: unknown;
  source: InboxEvent['source'];
  dedupeKey: string | null;
  at: Millis;
  /** It is put into the inbox only if nothing else was since this count was read; null: in any case. */
  wake: number | null;
  /** Its workflow subscribes to published events. */
  receives?: boolean;
}

/** What became of an event that was to be put into an inbox. `moved`: something else was put there since `wake` was read. */
export type Posted =
  | { outcome: 'posted'; id: number }
  | { outcome: 'duplicate' | 'moved' | 'no instance' }
  /** What it carries could not be stored. */
  | { outcome: 'refused'; error: unknown };

/** What says whether an instance takes an event, all of one moment. */
export interface SendFacts {
  id: string;
  /** The instance that started it, and the key of that one's invocation. */
  parent: { id: string; key: string } | null;
  workflow: string;
  status: InstanceStatus;
  state: string;
  snapshot: StoredSnapshot | null;
  /** What was put into its inbox so far. */
  wake: number;
  /** What lies in its inbox, oldest first; of many the first ones. */
  inbox: Pick<InboxEvent, 'type' | 'payload' | 'source' | 'fence' | 'correlation'>[];
  /** It waits for a step, a child or a fan-out, or an action is under way, which may send it something. */
  busy: boolean;
  /** When its next timer is due. */
  nextTimer: Millis | null;
  /** Ids of events that are or were in its inbox, by those of the keys asked for that they have. */
  keys: ReadonlyMap<string, number>;
  /** Why its snapshot cannot be read. */
  damage?: ErrorRecord;
}

/** An event that is or was in an inbox, and what came of it. */
export interface SentRecord {
  id: number;
  outcome: 'pending' | 'taken' | 'ignored';
  /** The state after the transition that took it, and that one's number; else where the instance stands. */
  state: string;
  sequence: number;
}

/** What sending needs of the database. */
export interface SendStore {
  /** What is there of these instances, each once. @param inboxes how many events of an inbox are read at most */
  sendFacts(asked: readonly { id: string; key: string | null }[], inboxes: number): Promise<SendFacts[]>;
  /**
   * Puts events into inboxes, in this order and by one statement, and wakes whoever must look. An instance whose start is
   * still to come sleeps on, except for a cancel.
   */
  post(events: readonly NewEvent[]): Promise<Posted[]>;
  /** What came of events, as far as they are there. */
  sentEvents(ids: readonly number[]): Promise<SentRecord[]>;
}
