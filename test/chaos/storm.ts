import { setTimeout as sleep } from 'node:timers/promises';
import type { Proxy } from './proxy.ts';
import type { Server } from './server.ts';
import type { Workers } from './workers.ts';

/** Something that was done to break it. */
export interface Blow {
  at: number;
  what: string;
}

/** Everything that goes wrong, each thing at its own pace, chosen by a seed. */
export class Storm {
  readonly blows: Blow[] = [];
  private readonly random: () => number;
  private readonly workers: Workers;
  private readonly server: Server;
  private readonly proxy: Proxy;
  private over = false;
  private readonly threads: Promise<void>[] = [];

  constructor({
    random,
    workers,
    server,
    proxy,
  }: {
    random: () => number;
    workers: Workers;
    server: Server;
    proxy: Proxy;
  }) {
    this.random = random;
    this.workers = workers;
    this.server = server;
    this.proxy = proxy;
  }

  /** How often each thing was done. */
  get counts(): Record<string, number> {
    return Object.fromEntries(
      [...Map.groupBy(this.blows, ({ what }) => what)].map(([what, blows]) => [what, blows.length]),
    );
  }

  begin(): void {
    this.every(2_000, 5_000, () => this.killWorker());
    this.every(5_000, 10_000, () => this.killServer());
    this.every(1_500, 4_000, () => this.cut());
    this.every(200, 1_000, () => this.swallow());
    this.every(6_000, 12_000, () => this.slowDisk());
    this.every(5_000, 10_000, () => this.latency());
    this.every(2_000, 5_000, () => this.clock());
    this.every(6_000, 12_000, () => this.suspend());
  }

  /** Ends it, and puts right what stays wrong by itself. */
  async end(): Promise<void> {
    this.over = true;
    await Promise.all(this.threads);
    this.proxy.latency = 0;
    for (let index = 0; index < this.workers.count; index++) this.workers.setClock(index, 0);
    await this.server.slowDisk(0);
  }

  private every(least: number, most: number, strike: () => Promise<void> | void): void {
    const thread = async (): Promise<void> => {
      for (;;) {
        const until = Date.now() + this.between(least, most);
        while (Date.now() < until && !this.over) await sleep(Math.min(100, until - Date.now()));
        if (this.over) return;
        await strike();
      }
    };
    this.threads.push(thread());
  }

  private between(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least));
  }

  private note(what: string): void {
    this.blows.push({ at: Date.now(), what });
  }

  private killWorker(): void {
    this.note(
      this.workers.kill(this.between(0, this.workers.count)) ? 'workers killed as they started' : 'workers killed',
    );
  }

  private async killServer(): Promise<void> {
    const backend = this.random() < 0.3;
    this.note(backend ? 'backends of Postgres killed' : 'Postgres killed');
    this.server.kill(backend, this.random);
    // While it recovers, or right after: that is when a worker finds everything in motion.
    if (this.random() < 0.5) {
      await sleep(this.between(0, 1_500));
      this.note('workers killed in recovery');
      this.workers.kill(this.between(0, this.workers.count));
    }
    if (this.random() < 0.2) {
      await sleep(this.between(0, 1_500));
      this.note('Postgres killed in recovery');
      this.server.kill(false, this.random);
    }
  }

  private async cut(): Promise<void> {
    const what = this.random();
    if (what < 0.3) {
      this.note('sessions terminated');
      await this.server
        .sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'durachart%' and random() < 0.3`.catch(
        () => {},
      );
      return;
    }
    this.note('connections cut');
    const share = what < 0.4 ? 1 : 0.15;
    this.proxy.cut(() => this.random() < share);
  }

  private swallow(): void {
    const isHot = this.random() < 0.6;
    const hold = this.random() < 0.8 ? this.between(0, 100) : this.between(500, 4_000);
    if (this.proxy.swallow((name) => !isHot || name === 'durachart hot', hold, this.random)) this.note('answers lost');
  }

  private async slowDisk(): Promise<void> {
    this.note('disk slow or hanging');
    if (this.random() < 0.5) return this.server.freeze(this.between(300, 1_500));
    await this.server.slowDisk(this.between(20, 100));
    await sleep(this.between(1_000, 3_000));
    await this.server.slowDisk(0);
  }

  private async latency(): Promise<void> {
    this.note('network slow');
    this.proxy.latency = this.between(20, 200);
    await sleep(this.between(1_000, 3_000));
    this.proxy.latency = 0;
  }

  private async clock(): Promise<void> {
    this.note('clock jumps');
    const index = this.between(0, this.workers.count);
    // One in five is far off: the others seem dead to it.
    const far = this.random() < 0.2 ? 60_000 : 3_000;
    this.workers.setClock(index, this.between(-far, far));
    await sleep(this.between(500, 2_000));
    this.workers.setClock(index, 0);
  }

  private suspend(): void {
    this.note('workers suspended');
    this.workers.suspend(this.between(0, this.workers.count), this.between(500, 8_000));
  }
}
