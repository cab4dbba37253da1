import { join } from 'node:path';
import { rmSync } from 'node:fs';
import { readIfThere, replaceFile } from './files.ts';
import type { Home } from './home.ts';
import { startedAt } from './processes.ts';

/** Which process is responsible for which postmaster. */
interface Note {
  postmaster: number;
  owner: number;
  /** When the owner started: a later process may have its pid. */
  started?: string;
}

/** Notes that this process is the one responsible for the postmaster `pid`. */
export function noteOwner(home: Home, pid: number): void {
  const note: Note = { postmaster: pid, owner: process.pid };
  const started = startedAt(process.pid);
  if (started !== undefined) note.started = started;
  replaceFile(ownerFile(home), JSON.stringify(note));
}

/** Notes that nobody is any longer. */
export function forgetOwner(home: Home, pid: number): void {
  const note = read(home);
  if (note?.postmaster === pid && note.owner === process.pid) rmSync(ownerFile(home), { force: true });
}

/** Whether the process responsible for the postmaster `pid` lives, which may be this one. */
export function hasOwner(home: Home, pid: number): boolean {
  const note = read(home);
  return note?.postmaster === pid && startedAt(note.owner) === note.started && note.started !== undefined;
}

function read(home: Home): Note | undefined {
  try {
    return JSON.parse(readIfThere(ownerFile(home)) ?? '') as Note;
  } catch {
    return undefined;
  }
}

function ownerFile(home: Home): string {
  return join(home.folder, 'owner');
}
