import { createReadStream } from 'node:fs';
import { access, constants, realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { StepError } from '../../../src/index.ts';

/**
 * Finds a file below the root folder; links are followed before the check.
 * @throws StepError `INVALID_INPUT` when it is not there, outside the root, or no readable file
 */
export async function findLocal(source: string, root: string): Promise<{ path: string; bytes: number }> {
  const base = await realpath(root);
  const wanted = resolve(base, source);
  // Checked before the disk is touched: whether a file outside exists is nobody's business.
  if (!isBelow(base, wanted)) throw outside(source);
  const path = await realpath(wanted).catch(() => {
    throw new StepError('INVALID_INPUT', `There is no file ${source} below VIDEO_ROOT.`);
  });
  if (!isBelow(base, path)) throw outside(source);
  const info = await stat(path);
  if (!info.isFile())
    throw new StepError('INVALID_INPUT', `${source} is ${info.isDirectory() ? 'a directory' : 'no regular file'}.`);
  await access(path, constants.R_OK).catch(() => {
    throw new StepError('INVALID_INPUT', `The file ${source} may not be read.`);
  });
  return { path, bytes: info.size };
}

/** Reads a file that {@link findLocal} accepts; it is opened when the first byte is asked for. */
export async function* readLocal(source: string, root: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { path } = await findLocal(source, root);
  signal.throwIfAborted();
  // Not given the signal: a stream that is aborted while nobody reads it would end the process.
  for await (const chunk of createReadStream(path)) {
    signal.throwIfAborted();
    yield chunk as Uint8Array;
  }
}

function isBelow(base: string, path: string): boolean {
  const way = relative(base, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function outside(source: string): StepError {
  return new StepError('INVALID_INPUT', `The path ${source} leads out of VIDEO_ROOT.`);
}
