import type { Clock, Millis } from '../../src/engine/ports.ts';

interface Waiting {
  at: Millis;
  order: number;
  callback: () => void;
}

/** Time that passes only when nothing else is to be done: the next thing that is due comes at once, always in the same order. */
export class VirtualTime {
  now: Millis = Date.UTC(2026, 0);
  private readonly waiting: Waiting[] = [];
  private order = 0;

  /** Calls back once the time has come. */
  after(delay: number, callback: () => void): () => void {
    const entry: Waiting = { at: this.now + Math.max(0, delay), order: this.order++, callback };
    let low = 0;
    for (let high = this.waiting.length; low < high;) {
      const middle = (low + high) >> 1;
      if ((this.waiting[middle] as Waiting).at > entry.at) low = middle + 1;
      else high = middle;
    }
    // Those that are due soonest stand last; of the same time the first one that came.
    while (low > 0 && (this.waiting[low - 1] as Waiting).at === entry.at) low--;
    this.waiting.splice(low, 0, entry);
    return () => {
      const index = this.waiting.indexOf(entry);
      if (index >= 0) this.waiting.splice(index, 1);
    };
  }

  async sleep(delay: number): Promise<void> {
    return new Promise((resolve) => void this.after(delay, resolve));
  }

  /** Lets time pass until there is nothing left to wait for, or `until` says that it is enough. @returns whether it was enough before `limit` */
  async run(until: () => boolean, limit: Millis): Promise<boolean> {
    for (;;) {
      // Whatever follows from what has happened happens before the next thing does.
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
      if (until()) return true;
      const next = this.waiting.pop();
      if (next === undefined || next.at > limit) return false;
      this.now = Math.max(this.now, next.at);
      next.callback();
    }
  }
}

/** The clock of one process: it may go wrong, and while the process stands still nothing reaches it. */
export class ProcessClock implements Clock {
  /** Milliseconds by which it is wrong. */
  offset = 0;
  /** Until then the process stands still. */
  stillUntil: Millis = 0;
  dead = false;
  private readonly time: VirtualTime;

  constructor(time: VirtualTime) {
    this.time = time;
  }

  now(): Millis {
    return this.time.now + this.offset;
  }

  after(delay: number, callback: () => void): () => void {
    let stop = this.time.after(delay, () => {
      if (this.dead) return;
      if (this.time.now >= this.stillUntil) return callback();
      stop = this.after(this.stillUntil - this.time.now, callback);
    });
    return () => stop();
  }
}
