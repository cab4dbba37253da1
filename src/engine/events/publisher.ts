import { currentTime } from '../clock.ts';
import { DurachartError } from '../../core/error.ts';
import type { EventDefinition } from '../../core/published-event.ts';
import type { Transaction } from '../../core/step.ts';
import { decoded } from '../../core/undefined.ts';
import type { Workflow } from '../../core/workflow.ts';
import { canonical } from '../canonical.ts';
import { checkKey, checkPayload } from '../checks.ts';
import type { Clock } from '../ports.ts';
import { deliveryOf, eventRegistry } from './delivery.ts';
import type { EventStore, Undelivered } from './event-store.ts';

export interface PublisherOptions {
  events: EventStore;
  workflows: ReadonlyMap<string, Workflow>;
  clock: Clock;
  /** Gets somebody to move these instances, where nobody would look by himself. */
  announce: (ids: readonly string[]) => Promise<void>;
  fault: (message: string, error: unknown) => void;
}

/** What is said when an event is published. */
export interface Published {
  id: number;
  /** It had been published with this key before: nothing happens again. */
  duplicate: boolean;
}

/** Events that are taken up at a time, when there are several. */
const BATCH = 100;

/**
 * Publishes: an event is stored first, and then delivered, which is one statement that happens once. Whoever dies in
 * between leaves it to the next one that looks for what is undelivered.
 */
export class Publisher {
  readonly known: ReadonlyMap<string, EventDefinition>;
  private readonly options: PublisherOptions;
  private delivering: Promise<void> | undefined;
  private again = false;

  /** @throws DefinitionError `DUPLICATE_EVENT` */
  constructor(options: PublisherOptions) {
    this.options = options;
    this.known = eventRegistry(options.workflows.values());
  }

  /**
   * Publishes an event, and delivers it. In a transaction it is stored with that, and to be delivered after it.
   * @throws DurachartError `UNKNOWN_EVENT`, `INVALID_EVENT`, `INVALID_OPTION`, `KEY_REUSED`
   */
  async publish(
    event: string | EventDefinition,
    payload: unknown,
    { key, source = null, tx }: { key?: string | undefined; source?: string | null; tx?: Transaction | undefined } = {},
  ): Promise<Published> {
    const name = typeof event === 'string' ? event : event.name;
    const definition = this.known.get(name);
    if (definition === undefined || (typeof event !== 'string' && event !== definition)) {
      const known = [...this.known.keys()];
      throw new DurachartError(
        'UNKNOWN_EVENT',
        `No workflow here publishes the event ${JSON.stringify(name)} or subscribes to it. Known: ${known.join(', ') || 'none'}.`,
        { details: { events: known } },
      );
    }
    checkKey(key);
    const parsed = checkPayload(definition, payload);
    const { events, clock } = this.options;
    const now = await currentTime(clock);
    const stored = await events.publish({ name, payload: parsed, key: key ?? null, source }, now, tx);
    if (stored.duplicate && canonical(decoded(stored.payload) ?? null) !== canonical(decoded(parsed) ?? null)) {
      throw new DurachartError(
        'KEY_REUSED',
        `The key ${JSON.stringify(key)} belongs to an event ${name} with another payload. Use a new one, or send the same payload.`,
        { details: { id: stored.id } },
      );
    }
    // Of a duplicate too: the first one may not have got so far.
    if (tx === undefined) await this.deliver([stored]);
    return { id: stored.id, duplicate: stored.duplicate };
  }

  /** Delivers what was stored and not yet delivered, by whomever. Never rejects. */
  async deliverAll(): Promise<void> {
    this.again = true;
    this.delivering ??= this.deliverWaiting().finally(() => (this.delivering = undefined));
    return this.delivering;
  }

  private async deliverWaiting(): Promise<void> {
    while (this.again) {
      this.again = false;
      try {
        for (let last = 0; ;) {
          const waiting = await this.options.events.undelivered(last, BATCH);
          await this.deliver(waiting);
          last = waiting.at(-1)?.id ?? last;
          if (waiting.length < BATCH) break;
        }
      } catch (error) {
        this.options.fault('published events wait to be delivered; the next look will see to them', error);
      }
    }
  }

  private async deliver(waiting: readonly Undelivered[]): Promise<void> {
    const { events, workflows, clock, announce, fault } = this.options;
    for (const event of waiting) {
      try {
        const now = clock.now();
        const delivery = deliveryOf(workflows.values(), event, now);
        for (let first = true; ; first = false) {
          const delivered = await events.deliver(event, delivery, now);
          if (delivered === undefined) break;
          for (const { workflow, message } of first ? delivery.problems : [])
            fault(`event ${event.id} (${event.name}) was not delivered to ${workflow}: ${message}`, null);
          await announce(delivered.ids);
          if (delivered.done) break;
        }
      } catch (error) {
        fault(`event ${event.id} (${event.name}) waits to be delivered; the next look will see to it`, error);
      }
    }
  }
}
