import type { Clock } from '../../src/engine/ports.ts';

interface Waiting {
  due: number;
  callback: () => void;
  timeout: NodeJS.Timeout | undefined;
}

const LONGEST = 2 ** 31 - 1;

/** Real time that a test can move forward, by years if it likes: what has become due then happens at once, in order. */
export class ManualClock implements Clock {
  private offset = 0;
  private readonly waiting = new Set<Waiting>();

  now(): number {
    return Date.now() + this.offset;
  }

  after(delay: number, callback: () => void): () => void {
    const entry: Waiting = { due: this.now() + delay, callback, timeout: undefined };
    if (delay <= LONGEST) entry.timeout = setTimeout(() => this.call(entry), delay);
    this.waiting.add(entry);
    return () => this.forget(entry);
  }

  /** Moves the time forward. */
  advance(milliseconds: number): void {
    this.offset += milliseconds;
    const due = [...this.waiting].filter((entry) => entry.due <= this.now()).sort((a, b) => a.due - b.due);
    for (const entry of due) this.call(entry);
  }

  private call(entry: Waiting): void {
    if (!this.waiting.has(entry)) return;
    this.forget(entry);
    entry.callback();
  }

  private forget(entry: Waiting): void {
    this.waiting.delete(entry);
    clearTimeout(entry.timeout);
  }
}

/** Time that passes only when a test moves it forward. */
export class StillClock implements Clock {
  private time = Date.now();
  private readonly waiting = new Set<{ due: number; callback: () => void }>();

  now(): number {
    return this.time;
  }

  after(delay: number, callback: () => void): () => void {
    const entry = { due: this.time + delay, callback };
    this.waiting.add(entry);
    return () => this.waiting.delete(entry);
  }

  /** Moves the time forward. What becomes due happens at once, in order. */
  advance(milliseconds: number): void {
    this.time += milliseconds;
    for (const entry of [...this.waiting].filter(({ due }) => due <= this.time).toSorted((a, b) => a.due - b.due)) {
      if (this.waiting.delete(entry)) entry.callback();
    }
  }
}

export const SECOND = 1_000;
export const HOUR = 3_600 * SECOND;
export const YEAR = 365 * 24 * HOUR;
