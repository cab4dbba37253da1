import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A disk that is soon full, in a folder. */
export interface SmallDisk {
  /** Takes all the room that is left. @returns the file that takes it */
  fill(): string;
  makeReadOnly(): void;
  unmount(): void;
}

/** @param size as for `mount`: `64k` @returns undefined where this user may mount nothing: only root may */
export function mountSmallDisk(folder: string, size: string): SmallDisk | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch {
    return undefined;
  }
  return {
    fill: () => fill(join(folder, 'ballast')),
    makeReadOnly: () => void execFileSync('mount', ['-o', 'remount,ro', folder]),
    unmount: () => void execFileSync('umount', ['-l', folder]),
  };
}

function fill(file: string): string {
  const handle = openSync(file, 'a');
  for (const size of [1_048_576, 4_096]) {
    try {
      for (;;) writeSync(handle, Buffer.alloc(size, 1));
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOSPC') throw error;
    }
  }
  closeSync(handle);
  return file;
}
