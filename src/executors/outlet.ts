import { createHash } from 'node:crypto';
import type { Outlet } from '../core/outlet.ts';
import { decoded, encoded } from '../core/undefined.ts';
import { EMIT, invokeId } from '../engine/keys.ts';
import type { Clock, Invocation } from '../engine/ports.ts';
import type { NewEvent } from '../engine/sending/send-store.ts';

/** Puts events into an instance's inbox, in their order, and wakes whoever has to look. */
export type PostEvents = (instanceId: string, events: readonly NewEvent[]) => Promise<void>;

/** What an attempt has sent its instance: stored in its order, each once however often the step is tried. */
export class StepOutlet {
  private readonly invocation: Invocation;
  private readonly post: PostEvents;
  private readonly clock: Clock;
  private readonly times = new Map<string, number>();
  /** Sent while others were being stored: they are stored together. */
  private readonly open: NewEvent[] = [];
  private last: Promise<void> = Promise.resolve();
  private closed = false;

  /** @param post stores the events, also where that takes several tries */
  constructor(invocation: Invocation, post: PostEvents, clock: Clock) {
    this.invocation = invocation;
    this.post = post;
    this.clock = clock;
  }

  get outlet(): Outlet {
    const { instance, key, step } = this.invocation;
    const invocation = invokeId(key.slice(instance.id.length + 1));
    // Only the engine's own keys of custom actions begin so.
    const isAction = invocation.startsWith('!');
    return {
      instance: instance.id,
      invocation: isAction ? undefined : invocation,
      what: `${isAction ? 'Action' : 'Step'} ${step}`,
      send: (event) => {
        const { type, ...fields } = decoded(event);
        this.put(type, encoded(fields));
      },
      emit: (event) => this.put(EMIT, event),
    };
  }

  /** Whether anything was sent. */
  get any(): boolean {
    return this.times.size > 0;
  }

  /** Resolves once all that was sent is stored. @throws what the database says of it */
  async stored(): Promise<void> {
    await this.last;
  }

  /** Takes nothing more: the attempt is over. */
  close(): void {
    this.closed = true;
  }

  private put(type: string, payload: object): void {
    // As in XState, nothing comes of what an actor sends that has been stopped.
    if (this.closed) return;
    const { instance, key } = this.invocation;
    const hash = createHash('sha256')
      .update(JSON.stringify([key, type, payload]))
      .digest('hex');
    const time = (this.times.get(hash) ?? 0) + 1;
    this.times.set(hash, time);
    const event = {
      instanceId: instance.id,
      type,
      payload: Object.keys(payload).length === 0 ? null : payload,
      source: 'instance' as const,
      dedupeKey: `step ${hash} ${time}`,
      at: this.clock.now(),
      wake: null,
    };
    this.open.push(event);
    if (this.open.length > 1) return;
    this.last = this.last.then(async () => this.post(instance.id, this.open.splice(0)));
    // Whoever waits for the attempt's end learns of it.
    this.last.catch(() => {});
  }
}
