import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { errorCode, readIfThere } from './files.ts';

/**
 * When a process started, in the system's own notation; undefined when it does not run (any more).
 * Pid and start time together tell a process from a later one with the same pid.
 */
export function startedAt(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') return ps(pid, 'lstart=');
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field, the name, may itself contain blanks and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie does nothing any more; where no init reaps, it stays for good.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Whether a process has ended. Costs less than `startedAt` where that has to run a program. */
export function isGone(pid: number): boolean {
  if (process.platform === 'linux') return startedAt(pid) === undefined;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errorCode(error) === 'ESRCH';
  }
}

function ps(pid: number, column: string): string | undefined {
  return execFileSync('ps', ['-ww', '-o', column, '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
}

/** Whether `pid` is a live postmaster that serves the folder `pgdata` (real path). */
function isPostmaster(pid: number, pgdata: string): boolean {
  if (startedAt(pid) === undefined) return false;
  try {
    if (process.platform !== 'linux') {
      const command = ps(pid, 'command=') ?? '';
      return /^\S*postgres /.test(command) && command.includes(pgdata);
    }
    // The command line, not /proc/<pid>/cwd: root in a container may not read the latter of another user.
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const folder = args[args.indexOf('-D') + 1];
    return basename(args[0] ?? '') === 'postgres' && (folder === pgdata || !args.includes('-D'));
  } catch {
    return false;
  }
}

/** What `postmaster.pid` says about a server that runs. */
export interface Running {
  pid: number;
  /** undefined while the server does not let clients in: starting, recovering, shutting down */
  port: number | undefined;
}

/** The server that runs on `pgdata` (real path) right now, whoever started it. */
export function findRunning(pgdata: string): Running | undefined {
  const lines = readIfThere(join(pgdata, 'postmaster.pid'))?.split('\n');
  const pid = Number(lines?.[0]);
  if (!lines || !Number.isInteger(pid) || pid <= 1 || !isPostmaster(pid, pgdata)) return undefined;
  return { pid, port: lines[7]?.trim() === 'ready' ? Number(lines[3]) : undefined };
}

/**
 * Postgres refuses to start when the pid in a left-over `postmaster.pid` exists, even if by now that is another
 * program (usual after the restart of a container) or a zombie. It ignores the pid of its parent process, so we put
 * ours there. The file is not removed: Postgres goes on to check by it that no backend of the dead server is left.
 */
export function disarmStalePid(pgdata: string): void {
  const path = join(pgdata, 'postmaster.pid');
  const content = readIfThere(path);
  if (!content || findRunning(pgdata)) return;
  const [pid = '', ...rest] = content.split('\n');
  try {
    process.kill(Number(pid), 0);
  } catch {
    return;
  }
  const fd = openSync(path, constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW);
  try {
    writeSync(fd, [process.pid, ...rest].join('\n'));
  } finally {
    closeSync(fd);
  }
}
