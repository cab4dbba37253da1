import { DurachartError } from '../core/error.ts';
import type { StepView } from './api.ts';
import type { Clock, StepRow } from './ports.ts';
import { fanOutView, isFanOut } from './fan-out.ts';
import type { Reader } from './reader.ts';
import { isSetUpWrong } from './trouble.ts';
import { DatabaseUnavailableError } from './unavailable.ts';

/** Something about an instance has changed: look at its rows. `step` comes along where this process knows it first-hand. */
export interface Hint {
  id: string;
  step?: { workflow: string; view: StepView };
  /** This process has stored it itself. */
  own?: true;
  /** With that: it is done, and this is its output. */
  done?: { output: unknown };
}

type Listener = (hint: Hint) => void;

/** Stands for all instances. */
export const ANY = '*';
/** How long a waiter goes without a look at the database when nothing notifies. */
const LOOK = 1_000;

/** Listeners by the instance that they listen to, so that a thousand of them cost an instance's change nothing. */
class Audience {
  private readonly listeners = new Map<string, Set<Listener>>();

  add(id: string, listener: Listener): () => void {
    const set = this.listeners.get(id) ?? new Set();
    this.listeners.set(id, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.listeners.get(id) === set) this.listeners.delete(id);
    };
  }

  get empty(): boolean {
    return this.listeners.size === 0;
  }

  tell(hint: Hint): void {
    const sets =
      hint.id === ANY ? [...this.listeners.values()] : [this.listeners.get(hint.id), this.listeners.get(ANY)];
    for (const set of sets) for (const listener of set ?? []) listener(hint);
  }
}

/** Tells who waits that there is something to read: from this process at once, from others by notification. */
export class Changes {
  /** Who follows what happens. */
  private readonly followers = new Audience();
  /** Who waits for an end. */
  private readonly waiters = new Audience();
  private readonly reader: Reader;
  private readonly clock: Clock;
  private readonly onFault: (message: string, error: unknown) => void;
  private unlisten: Promise<() => Promise<void>> | undefined;
  private unlistenEnds: Promise<() => Promise<void>> | undefined;
  private ended = false;

  constructor(reader: Reader, clock: Clock, onFault: (message: string, error: unknown) => void) {
    this.reader = reader;
    this.clock = clock;
    this.onFault = onFault;
  }

  /** Whether the engine has stopped: nobody will be told of anything any more. */
  get closed(): boolean {
    return this.ended;
  }

  /** @param over whether it is done, failed or cancelled @param done what it came to, if it is done */
  changed(id: string, over: boolean, done?: { output: unknown }): void {
    this.followers.tell({ id });
    if (over) this.waiters.tell(done === undefined ? { id, own: true } : { id, own: true, done });
  }

  step(instance: { id: string; workflow: string }, row: StepRow): void {
    if (!this.followers.empty)
      this.followers.tell({ id: instance.id, step: { workflow: instance.workflow, view: stepView(row) } });
  }

  /** Calls back on each hint, of one instance or of all; the function it returns ends that. */
  listen(id: string | undefined, listener: Listener): () => void {
    this.unlisten ??= this.hear((callback) => this.reader.onChange(callback), this.followers);
    return this.followers.add(id ?? ANY, listener);
  }

  private async hear(
    open: (callback: (ids: string[] | '*') => void) => Promise<() => Promise<void>>,
    audience: Audience,
  ): Promise<() => Promise<void>> {
    try {
      return await open((ids) => {
        for (const id of ids === '*' ? [ANY] : ids) audience.tell({ id });
      });
    } catch (error) {
      this.onFault('cannot listen for changes; looking now and then instead', error);
      return async () => {};
    }
  }

  private listenForEnd(id: string, listener: Listener): () => void {
    this.unlistenEnds ??= this.hear((callback) => this.reader.onEnd(callback), this.waiters);
    return this.waiters.add(id, listener);
  }

  /**
   * Looks until there is an answer: when the instance has come to an end (or changes in any way), and now and then.
   * @param look is given what this process itself has told of an end, if it has
   * @throws DurachartError `TIMEOUT`, `ENGINE_STOPPED`
   */
  async wait<T>(
    id: string,
    options: { timeout?: number; signal?: AbortSignal },
    look: (told: Hint | undefined) => Promise<{ value: T } | undefined>,
    till: 'end' | 'change' = 'end',
  ): Promise<T> {
    const bell = new Bell(this.clock);
    let told: Hint | undefined;
    const hear = (hint: Hint): void => {
      if (hint.own === true) told = hint;
      bell.ring();
    };
    const stop = till === 'end' ? this.listenForEnd(id, hear) : this.listen(id, hear);
    const end = options.timeout === undefined ? Infinity : this.clock.now() + options.timeout;
    const abort = (): void => bell.ring();
    options.signal?.addEventListener('abort', abort);
    try {
      for (;;) {
        options.signal?.throwIfAborted();
        if (this.ended)
          throw new DurachartError(
            'ENGINE_STOPPED',
            `The engine has stopped; instance ${id} goes on where there is another.`,
          );
        bell.reset();
        // Whoever waits for the end of a job waits through an outage of the database, too.
        const answer = await look(told).catch((error: unknown) => {
          if (error instanceof DatabaseUnavailableError && !isSetUpWrong(error.cause)) return undefined;
          throw error;
        });
        if (answer !== undefined) return answer.value;
        const left = end - this.clock.now();
        if (left <= 0)
          throw new DurachartError('TIMEOUT', `Instance ${id} has not ended within ${options.timeout} ms; it goes on.`);
        await bell.heard(Math.min(LOOK, left));
      }
    } finally {
      stop();
      options.signal?.removeEventListener('abort', abort);
    }
  }

  async close(): Promise<void> {
    this.ended = true;
    this.followers.tell({ id: ANY });
    this.waiters.tell({ id: ANY });
    for (const listening of [this.unlisten, this.unlistenEnds]) await (await listening)?.().catch(() => {});
  }
}

/** Something to wait at that may have rung before. */
export class Bell {
  private rung = false;
  private wake: () => void = () => {};
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  ring(): void {
    this.rung = true;
    this.wake();
  }

  reset(): void {
    this.rung = false;
  }

  /** Resolves when it rings, or after `longest` milliseconds. */
  async heard(longest: number): Promise<void> {
    if (this.rung) return;
    await new Promise<void>((resolve) => {
      const stop = this.clock.after(longest, resolve);
      this.wake = () => {
        stop();
        resolve();
      };
    });
  }
}

/** An invocation's row for people. */
export function stepView(row: StepRow): StepView {
  const date = (value: number | null): Date | null => (value === null ? null : new Date(value));
  return {
    key: row.key,
    kind: row.kind,
    step: row.step,
    status: row.status,
    attempt: row.attempt,
    maxAttempts: row.maxAttempts,
    nextAttemptAt: date(row.nextAttemptAt),
    progress: row.progress,
    message: row.message,
    errorCode: row.error?.code ?? null,
    childId: row.childId,
    queuedAt: new Date(row.queuedAt),
    startedAt: date(row.startedAt),
    heartbeatAt: date(row.heartbeatAt),
    finishedAt: date(row.finishedAt),
    fanOut: isFanOut(row) ? fanOutView(row) : null,
  };
}
