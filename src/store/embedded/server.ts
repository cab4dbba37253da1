import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SERVER_ENV } from './binaries.ts';
import type { Binaries } from './binaries.ts';
import { openLog } from './files.ts';
import type { Home } from './home.ts';
import { noteOwner } from './owner.ts';
import { startedAt } from './processes.ts';

const MAX_LOG_BYTES = 10_000_000;
/** A fast shutdown writes out what is in memory. Past this it is cut short, which the next start makes good. */
const STOP_TIMEOUT_MS = 60_000;

/** Postmasters to take down with us. */
const ours = new Set<Postmaster>();
let watchesExit = false;

/** A postmaster that this process is responsible for. */
export interface Postmaster {
  readonly pid: number;
  /** whether it still runs */
  alive(): boolean;
  /** fast shutdown (clients are disconnected, nothing committed is lost); resolves when it has exited */
  stop(): Promise<void>;
}

/** A postmaster that we started. */
export interface Launched extends Postmaster {
  readonly child: ChildProcess;
  /** what has been logged since */
  words(): string;
  /** whether the postmaster itself (not another that uses the same log) logged a line with `text` in it */
  said(text: string): boolean;
}

/** Starts Postgres. Resolves when the process exists, which is before it answers; rejects when it cannot be executed. */
export async function launch(home: Home, binaries: Binaries, port: number): Promise<Launched> {
  const logFile = join(home.folder, 'postgres.log');
  if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES) renameSync(logFile, `${logFile}.1`);
  const fd = openLog(logFile, home.user);
  const from = fstatSync(fd).size;
  let child: ChildProcess;
  try {
    child = spawn(binaries.postgres, ['-D', join(home.folder, 'pgdata'), '-p', String(port), ...settings(binaries)], {
      env: SERVER_ENV,
      cwd: '/',
      // The log is a file and the session its own: neither our death nor a Ctrl-C in our terminal takes it down unasked.
      stdio: ['ignore', fd, fd],
      detached: true,
      ...home.user,
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  } finally {
    closeSync(fd);
  }
  const pid = child.pid ?? 0;
  const alive = () => child.exitCode === null && child.signalCode === null;
  const stop = async () => {
    child.ref();
    await shutDown(pid, alive);
  };
  const words = () => readFileSync(logFile).subarray(from).toString('utf8').trim();
  const said = (text: string) =>
    words()
      .split('\n')
      .some((line) => line.includes(`[${pid}] `) && line.includes(text));
  return responsibleFor({ child, pid, alive, stop, words, said });
}

function settings(binaries: Binaries): string[] {
  const values: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'warning',
    log_checkpoints: 'off',
    // `said` relies on it.
    log_line_prefix: '%m [%p] ',
    ...(binaries.hasStatStatements ? { shared_preload_libraries: 'pg_stat_statements' } : {}),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function shutDown(pid: number, alive: () => boolean): Promise<void> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  if (alive()) signal(pid, 'SIGINT');
  for (let pause = 5; alive(); pause = Math.min(pause * 2, 100)) {
    if (Date.now() > deadline) signal(pid, 'SIGQUIT');
    await sleep(pause);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It exited in this moment.
  }
}

/** Takes the postmaster down when this process exits without having stopped it. */
function responsibleFor<P extends Postmaster>(postmaster: P): P {
  if (!watchesExit) {
    watchesExit = true;
    process.on('exit', () => {
      for (const { pid, alive } of ours) if (alive()) signal(pid, 'SIGINT');
    });
  }
  let stopped: Promise<void> | undefined;
  for (const other of ours) if (!other.alive()) ours.delete(other);
  const stop = () => (stopped ??= postmaster.stop().finally(() => ours.delete(watched)));
  const watched = { ...postmaster, stop };
  ours.add(watched);
  return watched;
}

/** Takes over the postmaster `pid`, which nobody is responsible for. To be called in turn. */
export function adopt(home: Home, pid: number): Postmaster {
  noteOwner(home, pid);
  const since = startedAt(pid);
  const alive = () => since !== undefined && startedAt(pid) === since;
  return responsibleFor({ pid, alive, stop: () => shutDown(pid, alive) });
}
