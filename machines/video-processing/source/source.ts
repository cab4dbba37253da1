import { StepError, type ArtifactStore } from '../../../src/index.ts';
import type { Config } from '../config.ts';
import { storable } from '../text.ts';
import { findLocal, readLocal } from './local.ts';
import { readRemote, probeRemote } from './remote.ts';

/** A video or transcript that was found, before it is read. */
export interface Found {
  kind: 'local' | 'upload' | 'url';
  /** File name, for the title and the extension. */
  name: string;
  /** Bytes, where they are known before reading. */
  bytes: number | null;
}

/** Where sources are looked for. */
export interface SourceAccess {
  artifacts: ArtifactStore;
  config: Config;
  signal: AbortSignal;
}

const UPLOAD = 'upload:';
const SCHEME = /^[a-z][a-z0-9+.-]+:/i;

/**
 * Looks a source up without reading it.
 * @throws StepError `INVALID_INPUT` when it is not there, empty, too large or not allowed
 */
export async function findSource(source: string, access: SourceAccess): Promise<Found> {
  const found = await lookUp(source, access);
  if (found.bytes === 0) throw new StepError('INVALID_INPUT', `The source ${source} is empty.`);
  if (found.bytes !== null && found.bytes > access.config.maxBytes) {
    throw new StepError(
      'INVALID_INPUT',
      `The source ${source} has ${found.bytes} bytes; at most ${access.config.maxBytes} are taken (VIDEO_MAX_BYTES).`,
    );
  }
  return found;
}

async function lookUp(source: string, access: SourceAccess): Promise<Found> {
  if (source.includes('\0')) throw new StepError('INVALID_INPUT', 'The source has a NUL character.');
  if (source.startsWith(UPLOAD)) {
    const key = source.slice(UPLOAD.length);
    const artifact = await uploaded(key, access.artifacts);
    return { kind: 'upload', name: baseName(key), bytes: artifact.size };
  }
  if (isRemote(source)) {
    const { bytes } = await probeRemote(source, access);
    return { kind: 'url', name: baseName(decodeSafely(new URL(source).pathname)), bytes };
  }
  const { path, bytes } = await findLocal(source, access.config.root);
  return { kind: 'local', name: baseName(path), bytes };
}

/** Opens a source that {@link findSource} has found. */
export async function openSource(source: string, access: SourceAccess): Promise<AsyncIterable<Uint8Array>> {
  if (source.startsWith(UPLOAD)) {
    const key = source.slice(UPLOAD.length);
    await uploaded(key, access.artifacts);
    return access.artifacts.read(key);
  }
  if (isRemote(source)) return readRemote(source, access);
  return readLocal(source, access.config.root, access.signal);
}

function isRemote(source: string): boolean {
  const scheme = SCHEME.exec(source)?.[0].toLowerCase();
  if (scheme === undefined) return false;
  if (scheme === 'http:' || scheme === 'https:') return true;
  throw new StepError(
    'INVALID_INPUT',
    `The source ${source} has the scheme ${scheme}; a path, upload:<key>, http: and https: are taken.`,
  );
}

/** Only what was uploaded: other artifacts belong to the instances that made them. */
async function uploaded(key: string, artifacts: ArtifactStore) {
  if (!key.startsWith('uploads/')) {
    throw new StepError('INVALID_INPUT', `${JSON.stringify(key)} is no upload: its key begins with uploads/.`);
  }
  const artifact = await artifacts.stat(key).catch((error: unknown) => {
    throw new StepError('INVALID_INPUT', `There can be no uploaded artifact ${JSON.stringify(key)}.`, { cause: error });
  });
  if (artifact === undefined)
    throw new StepError('INVALID_INPUT', `There is no uploaded artifact ${JSON.stringify(key)}.`);
  return artifact;
}

function baseName(path: string): string {
  return storable(path.split(/[\\/]/).findLast((part) => part.trim() !== '') ?? 'video');
}

function decodeSafely(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
