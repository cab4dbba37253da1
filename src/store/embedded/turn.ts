import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Home } from './home.ts';
import { startedAt } from './processes.ts';

/**
 * Does something of which at most one process at a time may be at work in a home: starting the server, and taking it over. Each puts a file
 * with its own name there and goes on only if it then finds no other's, so two are never let in; the file of a process that has ended does not count.
 * @returns undefined, without having done it, where another one is at it
 */
export async function inTurn<T>(home: Home, act: () => Promise<T> | T): Promise<T | undefined> {
  for (let tries = 0; tries < 4; tries++) {
    // Two that come at the same moment see each other and step back, each for another while.
    if (tries > 0) await sleep(5 + Math.random() * 40);
    const name = `turn-${process.pid}-${mark(process.pid)}-${randomBytes(4).toString('hex')}`;
    const path = join(home.folder, name);
    try {
      closeSync(openSync(path, 'wx', 0o600));
      if (othersAt(home, name)) continue;
      return await act();
    } finally {
      rmSync(path, { force: true });
    }
  }
  return undefined;
}

function othersAt(home: Home, own: string): boolean {
  let found = false;
  for (const name of readdirSync(home.folder)) {
    const [, pid, started] = /^turn-(\d+)-(\w*)-/.exec(name) ?? [];
    if (pid === undefined || name === own) continue;
    if (mark(Number(pid)) === started) found = true;
    // No later process has the same name, so that nobody else's is removed.
    else rmSync(join(home.folder, name), { force: true });
  }
  return found;
}

/** `startedAt` as part of a file name. */
export function mark(pid: number): string | undefined {
  return startedAt(pid)?.replaceAll(/\W/g, '');
}
