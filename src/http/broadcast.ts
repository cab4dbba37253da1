import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Change, Engine } from '../engine/api.ts';
import { presentChange } from './present.ts';
import { encodeEvent, KEEP_ALIVE, KEEP_ALIVE_MS } from './server-sent-events.ts';

/** Bytes of one write. */
const BLOCK_BYTES = 256 * 1_024;
/** Transitions of late that a stream can be resumed after without a look at the database, and what they may have in bytes. */
const KEPT = 5_000;
const KEPT_BYTES = 1_024 * 1_024;
/** What one that comes back has missed is given at once up to so much: with more it would count as too slow. */
const AT_ONCE_BYTES = 512 * 1_024;
/** Watchers that are written to in one turn of the loop, so that nothing else waits long. */
const SLICE = 16;
/** Beside other work nothing is written for so many times as long as the last writing took. */
const PAUSE = 20;
/** Share of the rest of the time in which the process does other work: from here on it counts as busy. */
const BUSY = 0.3;
/** Milliseconds that the share is taken of. */
const WINDOW_MS = 50;

/** Who is given blocks of encoded events. */
export interface Watcher {
  write(block: Uint8Array): void;
  /** Nothing more comes. @param error why, where something went wrong */
  end(error: unknown, lastPosition: string | undefined): void;
}

/** A change as it is sent. */
interface Encoded {
  /** Of a transition. */
  position: string | undefined;
  bytes: Buffer;
}

/**
 * What happens to all instances, for everybody who watches: one subscription, each change encoded once, and written in blocks. What the writing
 * costs sets its pace, so that watchers take a small share of a busy process however many they are.
 */
export class Broadcast {
  private readonly engine: Engine;
  /** How many of the changes that wait to be written each is not given, as it has them or came after them. */
  private readonly watchers = new Map<Watcher, number>();
  /** Transitions that were written. */
  private kept: Encoded[] = [];
  private keptBytes = 0;
  /** What waits to be written. */
  private block: Encoded[] = [];
  /** Of both, with the bytes of all transitions up to it. */
  private readonly positions = new Map<string, number>();
  private bytes = 0;
  private blockBytes = 0;
  private reading: AbortController | undefined;
  private wrote: Promise<void> = Promise.resolve();
  private isWriting = false;
  /** Since when other work is looked at, and what of the time since then went into writing. */
  private since = performance.eventLoopUtilization();
  private writing = 0;
  private isBusy = false;
  private lastPosition: string | undefined;
  private keepAlive: NodeJS.Timeout | undefined;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Whether a stream can be resumed after this transition from memory. */
  has(position: string): boolean {
    const until = this.positions.get(position);
    return until !== undefined && this.bytes - until <= AT_ONCE_BYTES;
  }

  /** @param after gives first what came after this transition, which it {@link has}; default: from now @returns ends it */
  join(watcher: Watcher, after?: string): () => void {
    const waiting = this.block.findIndex(({ position }) => position === after && position !== undefined);
    if (after !== undefined && waiting === -1) {
      const from = this.kept.findIndex(({ position }) => position === after) + 1;
      const missed = this.kept.slice(from).map(({ bytes }) => bytes);
      if (missed.length > 0) watcher.write(Buffer.concat(missed));
    }
    this.watchers.set(watcher, after === undefined ? this.block.length : waiting + 1);
    if (this.reading === undefined) this.start();
    return () => {
      this.watchers.delete(watcher);
      if (this.watchers.size === 0) this.stop();
    };
  }

  private start(): void {
    const reading = new AbortController();
    this.reading = reading;
    this.keepAlive = setInterval(() => this.toAll(KEEP_ALIVE), KEEP_ALIVE_MS);
    void this.read(reading.signal).then(
      async () => this.end(reading, undefined),
      async (error: unknown) => this.end(reading, error),
    );
  }

  private stop(): void {
    clearInterval(this.keepAlive);
    this.reading?.abort();
    this.reading = undefined;
    this.kept = [];
    this.keptBytes = 0;
    this.positions.clear();
    this.block = [];
    this.blockBytes = 0;
  }

  private async end(reading: AbortController, error: unknown): Promise<void> {
    // Nobody is left without what was read.
    await this.wrote;
    if (this.reading !== reading) return;
    const watchers = [...this.watchers.keys()];
    this.watchers.clear();
    this.stop();
    for (const watcher of watchers) watcher.end(error, this.lastPosition);
  }

  private async read(signal: AbortSignal): Promise<void> {
    for await (const change of this.engine.subscribe({ signal })) {
      if (signal.aborted) return;
      this.take(change);
      // What is read ahead is bounded: the rest is in the database.
      if (this.blockBytes >= BLOCK_BYTES) await this.wrote;
    }
  }

  private take(change: Change): void {
    const bytes = encodeEvent(changeEvent(change));
    const position = change.type === 'transition' ? change.position : undefined;
    this.block.push({ position, bytes });
    this.blockBytes += bytes.byteLength;
    if (position !== undefined) {
      this.lastPosition = position;
      this.bytes += bytes.byteLength;
      this.positions.set(position, this.bytes);
    }
    if (!this.isWriting) {
      this.isWriting = true;
      this.wrote = this.writeInTurn();
    }
  }

  private async writeInTurn(): Promise<void> {
    // What else comes in this turn of the loop goes along.
    await setImmediate();
    while (this.block.length > 0) {
      const { block } = this;
      this.block = [];
      this.blockBytes = 0;
      for (const each of block) if (each.position !== undefined) this.keep(each);
      const whole = Buffer.concat(block.map(({ bytes }) => bytes));
      const due = [...this.watchers];
      for (const [watcher] of due) this.watchers.set(watcher, 0);
      for (let from = 0; from < due.length; from += SLICE) {
        const began = performance.now();
        for (const [watcher, skipped] of due.slice(from, from + SLICE)) {
          const rest = skipped === 0 ? [whole] : block.slice(skipped).map(({ bytes }) => bytes);
          if (rest.length > 0 && this.watchers.has(watcher))
            watcher.write(rest.length === 1 ? (rest[0] as Buffer) : Buffer.concat(rest));
        }
        // The sockets are written to in what follows.
        await setImmediate();
        await this.pause(performance.now() - began);
      }
    }
    this.isWriting = false;
  }

  /** Leaves the time to other work, where there is some. @param took what the last writing took, in milliseconds */
  private async pause(took: number): Promise<void> {
    this.writing += took;
    const { active, idle } = performance.eventLoopUtilization(this.since);
    const others = Math.max(0, active - this.writing);
    if (active + idle >= WINDOW_MS) {
      this.isBusy = others / Math.max(1, others + idle) > BUSY;
      this.since = performance.eventLoopUtilization();
      this.writing = 0;
    }
    if (this.isBusy) await sleep(took * PAUSE);
  }

  private keep(transition: Encoded): void {
    this.kept.push(transition);
    this.keptBytes += transition.bytes.byteLength;
    let from = 0;
    while (this.kept.length - from > KEPT || this.keptBytes > KEPT_BYTES) {
      const { position, bytes } = this.kept[from++] as Encoded;
      this.keptBytes -= bytes.byteLength;
      this.positions.delete(position as string);
    }
    if (from > 0) this.kept.splice(0, from);
  }

  private toAll(block: Uint8Array): void {
    for (const watcher of this.watchers.keys()) watcher.write(block);
  }
}

const broadcasts = new WeakMap<Engine, Broadcast>();

/** The broadcast of an engine: one for each view of it, with or without secrets. */
export function broadcastOf(engine: Engine): Broadcast {
  const found = broadcasts.get(engine) ?? new Broadcast(engine);
  broadcasts.set(engine, found);
  return found;
}

export function changeEvent(change: Change): { event: string; id?: string; data: unknown } {
  return {
    event: change.type,
    ...(change.type === 'transition' ? { id: change.position } : {}),
    data: presentChange(change),
  };
}
