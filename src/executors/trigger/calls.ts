import type { Clock, Millis } from '../../engine/ports.ts';

/** Milliseconds that a call may take, the SDK's own attempts included. */
const DEADLINE = 3_000;
/** After so many failures in a row nothing is asked… */
const FAILURES = 3;
/** …for so many milliseconds. Then one call tries whether the platform is back. */
const PAUSE = 5_000;
/** Calls under way; others wait for their turn. */
const AT_ONCE = 20;

/** Attempts of the SDK within one call, for faults that pass. */
export const QUICK_RETRY = { retry: { maxAttempts: 3, minTimeoutInMs: 200, maxTimeoutInMs: 1_000, factor: 2 } };

/** Why Trigger.dev is not asked, or did not answer. */
export interface PlatformTrouble {
  /** Since when no call has succeeded. */
  since: Date;
  message: string;
}

/**
 * Calls of the platform by whoever must not wait for it: each has a deadline, few run at a time, and after several failures in a
 * row none is made for a while (a circuit breaker). What they are for is stored, and the sweep finds it.
 */
export class PlatformCalls {
  private readonly clock: Clock;
  private failures = 0;
  private closedUntil: Millis = 0;
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private current: PlatformTrouble | null = null;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Null where the last call was answered. */
  get trouble(): PlatformTrouble | null {
    return this.current;
  }

  /** @throws Error of the call; or one that says that the platform did not answer in time, or was not asked */
  async call<T>(ask: () => Promise<T>): Promise<T> {
    while (this.running >= AT_ONCE) await new Promise<void>((resolve) => void this.waiting.push(resolve));
    this.running += 1;
    try {
      this.refuseWhileClosed();
      return await this.counted(ask);
    } finally {
      this.running -= 1;
      this.waiting.shift()?.();
    }
  }

  private refuseWhileClosed(): void {
    if (this.failures < FAILURES) return;
    if (this.clock.now() < this.closedUntil)
      throw new Error(`Trigger.dev was not asked: ${this.current?.message ?? 'it did not answer'}`);
    // One tries; the others go by what comes of it.
    this.closedUntil = this.clock.now() + PAUSE;
  }

  private async counted<T>(ask: () => Promise<T>): Promise<T> {
    try {
      const answer = await this.inTime(ask());
      this.failures = 0;
      this.current = null;
      return answer;
    } catch (error) {
      if (isAnswer(error)) this.failures = 0;
      else this.failed(error);
      throw error;
    }
  }

  private failed(error: unknown): void {
    this.failures += 1;
    this.closedUntil = this.clock.now() + PAUSE;
    this.current = { since: this.current?.since ?? new Date(this.clock.now()), message: reasonOf(error) };
  }

  private async inTime<T>(call: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const stop = this.clock.after(DEADLINE, () => late.reject(new Error(`no answer within ${DEADLINE / 1_000} s`)));
    try {
      return await Promise.race([call, late.promise]);
    } finally {
      stop();
    }
  }
}

/** The words of the innermost cause: around it there is only that something failed. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause, code } = error as Error & { code?: unknown };
  if (cause !== undefined) return reasonOf(cause);
  return message === '' ? String(code) : message;
}

/** A refusal of this one call says that the platform is there. */
function isAnswer(error: unknown): boolean {
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === 'number' && status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);
}
