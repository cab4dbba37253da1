import type { Clock, Millis } from './ports.ts';

/** setTimeout holds 31 bits of milliseconds; longer waits are taken in stretches. */
const LONGEST = 2 ** 31 - 1;

/** The end of the year 9999: no time that is stored is later. */
export const LATEST = Date.UTC(10_000, 0) - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (delay, callback) => {
    let left = delay;
    let timer: NodeJS.Timeout;
    const wait = () => {
      const stretch = Math.min(left, LONGEST);
      left -= stretch;
      timer = setTimeout(left > 0 ? wait : callback, stretch);
    };
    wait();
    return () => clearTimeout(timer);
  },
};

/** The time, once it can be relied upon. */
export async function currentTime(clock: Clock): Promise<Millis> {
  await clock.ready?.();
  return clock.now();
}

/** Resolves after `delay` milliseconds. */
export async function sleep(clock: Clock, delay: number): Promise<void> {
  return new Promise((resolve) => void clock.after(delay, resolve));
}
