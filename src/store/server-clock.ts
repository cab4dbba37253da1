import type postgres from 'postgres';
import { systemClock } from '../engine/clock.ts';
import type { Clock, Millis } from '../engine/ports.ts';

/** What a process measures time by: `steady` never jumps, `wall` is the host's clock. */
interface Host {
  steady(): Millis;
  wall(): Millis;
}

const HOST: Host = { steady: () => performance.now(), wall: () => Date.now() };

/** An answer of the server: by how much its clock is ahead of `steady`, and how far that may be wrong. */
interface Sample {
  offset: Millis;
  error: Millis;
  at: Millis;
}

/** How often the server is asked anew, where the time is wanted. */
const REFRESH = 30_000;
/** How much two clocks drift apart, at most, in a millisecond. */
const DRIFT = 1e-4;
/** The host slept, or its clock was set, when its two clocks differ by so much more than before. */
const JUMP = 250;
/** The time does not go back by a correction; when the server's clock itself was set back by more, it does. */
const SET_BACK = 60_000;

/**
 * The time of the database's server, as one process reckons it: the server is asked now and then, and its answer is taken for
 * the time halfway between question and answer. So what is due is due at the same time for all processes, however far the
 * clocks of their hosts are apart.
 */
export class ServerClock implements Clock {
  private readonly ask: () => Promise<Millis>;
  private readonly host: Host;
  private sample: Sample | undefined;
  private asking: Promise<void> | undefined;
  private lastAsked: Millis = -Infinity;
  private between: Millis;
  private last: Millis = -Infinity;

  /** @param ask gives the server's time; asked when the time is first wanted */
  constructor(ask: () => Promise<Millis>, host: Host = HOST) {
    this.ask = ask;
    this.host = host;
    this.between = host.wall() - host.steady();
  }

  /** The host's time until the server has answered for the first time. */
  now(): Millis {
    const steady = this.host.steady();
    const jumped = Math.abs(this.host.wall() - steady - this.between) > JUMP;
    if (jumped || steady - this.lastAsked >= REFRESH) void this.refresh(jumped);
    if (this.sample === undefined) return this.host.wall();
    const now = Math.floor(steady + this.sample.offset);
    if (now > this.last || this.last - now > SET_BACK) this.last = now;
    return this.last;
  }

  after(delay: number, callback: () => void): () => void {
    return systemClock.after(delay, callback);
  }

  /** Waits for the server's first answer. What is asked next of a server that does not answer fails with the reason. */
  ready(): Promise<void> | undefined {
    return this.sample === undefined ? this.refresh(false) : undefined;
  }

  private async refresh(jumped: boolean): Promise<void> {
    this.asking ??= this.measure(jumped).finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async measure(jumped: boolean): Promise<void> {
    const asked = this.host.steady();
    this.lastAsked = asked;
    this.between = this.host.wall() - asked;
    try {
      const time = await this.ask();
      const at = this.host.steady();
      const error = (at - asked) / 2;
      const before = this.sample;
      // One that took long says less than a better one from a while ago.
      if (jumped || before === undefined || error <= before.error + (at - before.at) * DRIFT)
        this.sample = { offset: time - (asked + at) / 2, error, at };
    } catch {
      // Asked again when the time is next wanted after a while.
    }
  }
}

/** The clock of a database. */
export function serverClock(pool: postgres.Sql): ServerClock {
  return new ServerClock(async () => {
    const [row] = await pool<[{ now: number }]>`select (extract(epoch from clock_timestamp()) * 1000)::float8 as now`;
    return row.now;
  });
}
