import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';

interface State {
  /** Of the postmaster. */
  pid: number;
  owned: boolean;
  down: boolean;
  url: string;
}

/** A process that runs the embedded server of a folder or has joined it. */
export class EmbeddedProcess {
  readonly child: ChildProcess;
  readonly log: string[] = [];
  state: State | undefined;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  static async start(dataDir: string, work: boolean): Promise<EmbeddedProcess> {
    const script = join(import.meta.dirname, 'server-process.ts');
    const child = spawn(process.execPath, [script, dataDir, work ? 'work' : ''], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const started = new EmbeddedProcess(child);
    createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).on('line', (line) => {
      const { log, state } = JSON.parse(line) as { log?: string; state?: State };
      if (log !== undefined) started.log.push(log);
      if (state !== undefined) started.state = state;
    });
    try {
      // The first one makes the cluster.
      await expect.poll(() => started.state, { timeout: 100_000, interval: 20 }).toBeDefined();
    } catch (error) {
      await started.end('SIGKILL');
      throw error;
    }
    return started;
  }

  /** Waits until it is the one responsible for a server that runs, or not. */
  async becomes(state: Partial<State>): Promise<void> {
    await expect.poll(() => this.state, { timeout: 60_000, interval: 20 }).toMatchObject({ down: false, ...state });
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'close');
    this.child.kill(signal);
    await ended;
  }
}

/** Counts the postmasters of a folder again and again: there must never be two. */
export function watchPostmasters(pgdata: string): { most(): number; now(): number[]; stop(): void } {
  let most = 0;
  const now = (): number[] => {
    const found = new Map<number, number>();
    for (const name of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const args = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
        const [state, parent] = readFileSync(`/proc/${name}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
        if (args.includes('-D') && args.includes(pgdata) && state !== 'Z') found.set(Number(name), Number(parent));
      } catch {
        // It has just ended.
      }
    }
    // A child looks like its postmaster until it has given itself a title, and outlives it for a moment.
    return [...found].filter(([, parent]) => !found.has(parent)).map(([pid]) => pid);
  };
  const timer = setInterval(() => (most = Math.max(most, now().length)), 10);
  return { most: () => most, now, stop: () => clearInterval(timer) };
}
