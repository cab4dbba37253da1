import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks in a second, as /proc counts them: 100 on every Linux that people run. */
const TICKS = 100;

/** CPU time of all of Postgres: backends, those that have ended, and the processes in the background. */
export interface ServerCpu {
  /** Milliseconds since the server's start. */
  milliseconds(): number;
}

/**
 * The server whose backend has this pid, if it runs on this machine and the system tells about processes.
 * @returns why not, otherwise
 */
export function serverCpu(backend: number): ServerCpu | string {
  if (process.platform !== 'linux') return `not measured: no /proc on ${process.platform}`;
  const words = commandLine(backend);
  const postmaster = statOf(backend)?.parent;
  if (!words.startsWith('postgres:') || postmaster === undefined)
    return 'not measured: Postgres runs on another machine';
  return { milliseconds: () => total(postmaster) };
}

function total(postmaster: number): number {
  const own = statOf(postmaster);
  let ticks = (own?.ticks ?? 0) + (own?.reaped ?? 0);
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(Number(name));
    if (stat?.parent === postmaster) ticks += stat.ticks;
  }
  return (ticks * 1000) / TICKS;
}

interface Stat {
  parent: number;
  ticks: number;
  /** Of children that have ended. */
  reaped: number;
}

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field, the name, may itself contain blanks and brackets.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [parent = 0, user = 0, system = 0, childUser = 0, childSystem = 0] = [1, 11, 12, 13, 14].map(
      (n) => fields[n],
    );
    return { parent, ticks: user + system, reaped: childUser + childSystem };
  } catch {
    return undefined;
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
