import type { Transaction } from '../../core/step.ts';
import type { Commit, Millis } from '../ports.ts';

/** An event as it is published. */
export interface NewPublished {
  name: string;
  payload: unknown;
  /** Published again under its name with the same key, it is the same event. */
  key: string | null;
  /** The instance that published it; null for the outside. */
  source: string | null;
}

/** A published event that is still to be delivered. */
export interface Undelivered {
  id: number;
  name: string;
  payload: unknown;
}

/** What the instances of a workflow that have a key are sent. */
export interface Letter {
  workflow: string;
  key: string;
  type: string;
  payload: unknown;
}

/** A subscriber that could not be served, and why. */
export interface DeliveryProblem {
  workflow: string;
  code: string;
  message: string;
}

/** What comes of a published event. */
export interface Delivery {
  /** Instances that it starts. */
  starts: Commit[];
  letters: Letter[];
  problems: DeliveryProblem[];
}

/** A published event, and what came of it. */
export interface PublishedEvent {
  id: number;
  name: string;
  payload: unknown;
  key: string | null;
  /** The instance that published it; null for the outside. */
  source: string | null;
  publishedAt: Date;
  /** When the last one was reached; null while it is under way. */
  deliveredAt: Date | null;
  /** Ids of the instances that it started. */
  started: string[];
  /** How many instances it was sent to. */
  reached: number;
  problems: DeliveryProblem[];
}

/** Published events in the database. */
export interface EventStore {
  /** Stores an event, in a transaction if there is one. Of a known name and key, what was stored first. */
  publish(event: NewPublished, at: Millis, tx?: Transaction): Promise<Undelivered & { duplicate: boolean }>;
  /** Events after one that are not wholly delivered, oldest first. */
  undelivered(after: number, limit: number): Promise<Undelivered[]>;
  /**
   * Starts and sends in one statement, of many receivers some. Once: whoever comes second finds nothing to do.
   * Undefined: it is delivered, or somebody else is at it.
   */
  deliver(event: Undelivered, delivery: Delivery, at: Millis): Promise<{ ids: string[]; done: boolean } | undefined>;
  find(id: number): Promise<PublishedEvent | undefined>;
  /** Newest first, before an event. */
  list(filter: { name?: string | undefined }, limit: number, before: number | undefined): Promise<PublishedEvent[]>;
}
