import { join } from 'node:path';
import { errorCode } from './files.ts';
import { forgetOwner, hasOwner } from './owner.ts';
import { findRunning, isGone } from './processes.ts';
import type { Launched } from './server.ts';
import { adoptOrphan, pgdataOf, tryLaunch, type Cluster, type Running } from './start.ts';

/** How often it is looked at, in milliseconds. */
const LOOK_MS = 250;
/** How long a process that only joined leaves a server that is down to its owner. */
const PATIENCE_MS = 10_000;
/** The first of the waits between tries, each twice as long as the one before it, and the longest. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 15_000;
/** One that ran for less is not started again at once. */
const SOUND_MS = 5_000;
/** Processes of a server that was killed may hold its memory for as long as the statement that they are in. */
const LEFTOVERS_WAIT_MS = 100;
/** The same words are not repeated before that. */
const SILENCE_MS = 60_000;

interface Outage {
  since: number;
  tries: number;
  nextTry: number;
  /** What the last try met with. */
  met: string | undefined;
}

/**
 * Keeps the server of a cluster up for as long as this process wants it. Where this process is responsible for it, it is started again when it has
 * ended; where it has only joined, it takes over from a process that has ended.
 */
export class Supervisor {
  private readonly cluster: Cluster;
  private running: Running;
  private upSince = Date.now();
  private outage: Outage | undefined;
  private stopped: Promise<void> | undefined;
  private looking: Promise<void> | undefined;
  private readonly timer: NodeJS.Timeout;
  private said: { words: string; at: number } | undefined;

  constructor(cluster: Cluster, running: Running) {
    this.cluster = cluster;
    this.running = running;
    this.watchExit(running);
    this.timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  get pid(): number {
    return this.running.pid;
  }

  get owned(): boolean {
    return this.running.postmaster !== undefined;
  }

  /** What is wrong with the server right now, in words; undefined while it runs. */
  get trouble(): string | undefined {
    if (this.outage === undefined) return undefined;
    const { since, tries, met } = this.outage;
    const seconds = Math.round((Date.now() - since) / 1000);
    const times = tries === 0 ? '' : `, tried ${tries} times`;
    return `down for ${seconds} s${times}${met === undefined ? '' : `: ${met}`}`;
  }

  /** Shuts the server down where this process is responsible for it, and lets go of it where it is not. */
  stop(): Promise<void> {
    return (this.stopped ??= this.shutDown());
  }

  private async shutDown(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
    const { postmaster, pid } = this.running;
    if (postmaster === undefined) return;
    // Processes that have joined need not wait for this one.
    forgetOwner(this.cluster.home, pid);
    await postmaster.stop();
  }

  private look(): void {
    if (this.looking !== undefined || this.stopped !== undefined) return;
    this.looking = this.check()
      .catch((error: unknown) => this.say(`The embedded Postgres cannot be looked after: ${wordsOf(error)}`))
      .finally(() => (this.looking = undefined));
  }

  private async check(): Promise<void> {
    if (this.outage === undefined && !isGone(this.running.pid)) return this.takeOver();
    const found = findRunning(pgdataOf(this.cluster.home));
    if (found === undefined) return this.down();
    // It starts, or goes down.
    if (found.port === undefined) return;
    if (found.port !== this.running.port) {
      this.outage ??= newOutage();
      this.outage.met = `it runs on port ${found.port} now, and not on ${this.running.port}; start this process again`;
      this.say(`The embedded Postgres is lost to this process: ${this.outage.met}.`);
      return;
    }
    if (found.pid !== this.running.pid) this.up({ pid: found.pid, port: found.port, postmaster: undefined });
    else this.outage = undefined;
  }

  private async takeOver(): Promise<void> {
    const { pid, port, postmaster } = this.running;
    const { home, log } = this.cluster;
    if (postmaster !== undefined || hasOwner(home, pid)) return;
    // One that is going down is started again once it is.
    if (findRunning(pgdataOf(home))?.port === undefined) return;
    const adopted = await adoptOrphan(home, pid);
    if (adopted === undefined) return;
    this.running = { pid, port, postmaster: adopted };
    log('The process that had started the embedded Postgres has ended; this one looks after it now.');
  }

  private async down(): Promise<void> {
    const now = Date.now();
    if (this.outage === undefined) {
      this.outage = newOutage();
      if (now - this.upSince < SOUND_MS) this.outage.nextTry = now + FIRST_WAIT_MS;
      this.say(`The embedded Postgres has ended. It is started again; see ${this.logFile}.`);
    }
    const { outage, cluster, running } = this;
    if (now < outage.nextTry) return;
    const isMine = running.postmaster !== undefined;
    if (!isMine && hasOwner(cluster.home, running.pid) && now - outage.since < PATIENCE_MS) return;
    try {
      const launched = await tryLaunch(cluster, running.port, () => this.stopped === undefined);
      if (typeof launched === 'object') return this.up({ pid: launched.pid, port: running.port, postmaster: launched });
      if (launched === 'data in use') outage.nextTry = Date.now() + LEFTOVERS_WAIT_MS;
      if (launched === 'port taken') this.failed(`port ${running.port} is in use by another program`);
    } catch (error) {
      this.failed(wordsOf(error));
    }
  }

  private failed(met: string): void {
    const { outage } = this;
    if (outage === undefined) return;
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** outage.tries);
    outage.tries += 1;
    outage.nextTry = Date.now() + wait;
    outage.met = met;
    this.say(
      `The embedded Postgres cannot be started again: ${met.trim()} It is tried again, each ${LONGEST_WAIT_MS / 1000} s at the longest.`,
    );
  }

  private up(running: Running): void {
    const { outage } = this;
    this.running = running;
    this.outage = undefined;
    this.said = undefined;
    this.upSince = Date.now();
    this.watchExit(running);
    if (outage !== undefined)
      this.cluster.log(`The embedded Postgres runs again, after ${Date.now() - outage.since} ms.`);
  }

  /** One that this process has started is known to have ended at once. */
  private watchExit({ postmaster }: Running): void {
    (postmaster as Partial<Launched> | undefined)?.child?.once('exit', () => this.look());
  }

  private say(words: string): void {
    const now = Date.now();
    if (this.said?.words === words && now - this.said.at < SILENCE_MS) return;
    this.said = { words, at: now };
    this.cluster.log(words);
  }

  private get logFile(): string {
    return join(this.cluster.home.folder, 'postgres.log');
  }
}

function newOutage(): Outage {
  const now = Date.now();
  return { since: now, tries: 0, nextTry: now, met: undefined };
}

function wordsOf(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return errorCode(error) === 'ENOSPC' ? `The disk is full (${words}).` : words;
}
