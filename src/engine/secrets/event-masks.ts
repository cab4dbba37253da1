import { KnownSecrets, Marks } from '../../core/secrets.ts';
import type { Workflow } from '../../core/workflow.ts';
import { eventRegistry } from '../events/delivery.ts';
import type { PublishedEvent } from '../events/event-store.ts';

/** What the schemas of published events mark as secret. */
export class EventMasks {
  private readonly marks: ReadonlyMap<string, Marks | undefined>;

  constructor(workflows: ReadonlyMap<string, Workflow>) {
    this.marks = new Map(
      [...eventRegistry(workflows.values())].map(([name, { payload }]) => [name, Marks.of(payload)]),
    );
  }

  /** Whether any of them marks something. */
  get isNeeded(): boolean {
    return [...this.marks.values()].some((marks) => marks !== undefined);
  }

  /** The event without its secrets; of one that no workflow here knows, all of the payload may be secret. */
  mask(event: PublishedEvent): PublishedEvent {
    const marks = this.marks.has(event.name) ? this.marks.get(event.name) : Marks.ALL;
    const secrets = new KnownSecrets();
    const payload = marks?.mask(event.payload, (secret) => secrets.add(secret)) ?? event.payload;
    return { ...secrets.mask(event), payload: secrets.mask(payload) };
  }
}
