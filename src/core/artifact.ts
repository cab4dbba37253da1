import { DurachartError } from './error.ts';

/** Where steps put what is too large for a row. Keys look like `instance/name.ext`. */
export interface ArtifactStore {
  /** Stores bytes under a key, whole or not at all; an existing artifact is replaced. */
  put(key: string, body: Uint8Array | string | AsyncIterable<Uint8Array>): Promise<Artifact>;
  /** @throws DurachartError `ARTIFACT_NOT_FOUND` */
  read(key: string, range?: { start: number; end?: number }): Promise<AsyncIterable<Uint8Array>>;
  /** The artifact, or undefined where there is none. */
  stat(key: string): Promise<Artifact | undefined>;
  /** Artifacts whose key begins with the prefix, in key order. */
  list(prefix: string): Promise<Artifact[]>;
  /** Deletes one artifact; it is no error when there is none. */
  delete(key: string): Promise<void>;
  /** Path of the artifact on this machine, where the store has one: for libraries that only take files. */
  path?(key: string): string;
}

/** One stored object. */
export interface Artifact {
  key: string;
  /** Bytes. */
  size: number;
  /** Lower-case hex. */
  sha256: string;
  /** Where a person finds it: a path or a URL. */
  location: string;
}

/** Stands where no artifact store is configured: it says so. */
export const NO_ARTIFACTS: ArtifactStore = {
  put: missing,
  read: missing,
  stat: missing,
  list: missing,
  delete: missing,
};

async function missing(): Promise<never> {
  throw new DurachartError(
    'NO_ARTIFACT_STORE',
    'There is no artifact store. Give createEngine({ artifacts }) one, such as createLocalArtifacts(folder).',
  );
}
