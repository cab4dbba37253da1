import type { Clock } from './ports.ts';

/** Repeats tasks, each at its pace, never two of the same at once. */
export class Ticker {
  private readonly clock: Clock;
  private readonly onError: (error: unknown) => void;
  private readonly stops = new Set<() => void>();
  private stopped = false;

  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.clock = clock;
    this.onError = onError;
  }

  /** Runs the task once, `interval` milliseconds after each end. */
  every(interval: number, task: () => Promise<void>): void {
    if (this.stopped) return;
    const stop = this.clock.after(interval, () => {
      this.stops.delete(stop);
      void task()
        .catch(this.onError)
        .finally(() => this.every(interval, task));
    });
    this.stops.add(stop);
  }

  /** Runs a task now, its errors told like the others'. */
  now(task: () => Promise<void>): void {
    void task().catch(this.onError);
  }

  stop(): void {
    this.stopped = true;
    for (const stop of this.stops) stop();
    this.stops.clear();
  }
}
