import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { startEmbedded, type EmbeddedServer } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';
import { superuserOf } from '../support/superuser.ts';
import { renewed } from '../../src/store/renewed.ts';

/** A Postgres to be killed, and a folder for what must outlive it. Durability is on: what was committed is there after a crash. */
export class Server {
  readonly folder: string;
  /** Straight to the server, past the proxy: for those who look. */
  readonly sql: postgres.Sql;
  private readonly embedded: EmbeddedServer;
  /** Settings of the server are the superuser's. */
  private readonly superuser: postgres.Sql;

  private constructor(folder: string, embedded: EmbeddedServer) {
    this.folder = folder;
    this.embedded = embedded;
    const connect = (url: string, max: number): postgres.Sql =>
      renewed((onclose) =>
        postgres(url, {
          max,
          fetch_types: false,
          onnotice: () => {},
          backoff: () => 0.1,
          onclose,
          connection: { application_name: 'chaos' },
        }),
      );
    this.sql = connect(embedded.url, 4);
    this.superuser = connect(superuserOf(embedded), 1);
  }

  static async start(): Promise<Server> {
    const folder = mkdtempSync(join(tmpdir(), 'durachart-chaos-'));
    chmodSync(folder, 0o755);
    const embedded = await startEmbedded({ dataDir: join(folder, 'data') });
    await migrate(embedded.url);
    const server = new Server(folder, embedded);
    await server.sql`create table chaos_effects (key text not null)`;
    return server;
  }

  get port(): number {
    return this.embedded.port;
  }

  /** The database's URL by another port. */
  urlAt(port: number): string {
    const url = new URL(this.embedded.url);
    url.port = String(port);
    return url.href;
  }

  /** Kills the postmaster, which this process then starts again, or one of its backends: then it restarts by itself. */
  kill(backend: boolean, random: () => number): void {
    if (this.embedded.trouble !== undefined) return;
    const children = childrenOf(this.embedded.pid);
    if (backend && children.length > 0) {
      killIfThere(children[Math.floor(random() * children.length)] as number, 'SIGKILL');
      return;
    }
    killIfThere(this.embedded.pid, 'SIGKILL');
  }

  /** All its processes stand still, as on a disk that hangs. */
  freeze(milliseconds: number): void {
    const pids = [this.embedded.pid, ...childrenOf(this.embedded.pid)];
    for (const pid of pids) killIfThere(pid, 'SIGSTOP');
    setTimeout(() => {
      for (const pid of pids) killIfThere(pid, 'SIGCONT');
    }, milliseconds);
  }

  /** Each commit takes so many milliseconds longer to reach the disk; 0: as fast as it is. */
  async slowDisk(milliseconds: number): Promise<void> {
    await this.patiently(async () => {
      await this.superuser.unsafe(`alter system set commit_delay = ${Math.min(100, milliseconds) * 1_000}`);
      await this.superuser`alter system set commit_siblings = 0`;
      await this.superuser`select pg_reload_conf()`;
    });
  }

  /** Asks until the server answers. */
  async patiently<T>(ask: () => Promise<T>): Promise<T> {
    for (const end = Date.now() + 60_000; ;) {
      try {
        return await ask();
      } catch (error) {
        if (Date.now() > end) throw error;
        await sleep(100);
      }
    }
  }

  async stop(): Promise<void> {
    await this.sql.end({ timeout: 1 });
    await this.superuser.end({ timeout: 1 });
    await this.embedded.stop();
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.embedded.dataDir, { recursive: true, force: true });
  }
}

/** Processes whose parent is another one. Linux; elsewhere none are found, and only the postmaster is killed. */
function childrenOf(parent: number): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((name) => {
        try {
          return readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1] === String(parent);
        } catch {
          return false;
        }
      })
      .map(Number);
  } catch {
    return [];
  }
}

function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended in this moment.
  }
}
