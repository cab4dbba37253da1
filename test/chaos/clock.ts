import { systemClock } from '../../src/engine/clock.ts';
import type { Clock } from '../../src/engine/ports.ts';

/** A machine's clock that is set forward and back while the process runs. Waits go by the time that really passes, as Node's do. */
export class JumpingClock implements Clock {
  /** Milliseconds by which it is wrong. */
  offset = 0;

  now(): number {
    return systemClock.now() + this.offset;
  }

  after(delay: number, callback: () => void): () => void {
    return systemClock.after(delay, callback);
  }
}
