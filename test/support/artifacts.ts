import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createLocalArtifacts, type ArtifactStore } from '../../src/index.ts';

/** An artifact store in a folder of its own, removed when the test ends. */
export async function newArtifacts(): Promise<{ store: ArtifactStore; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'durachart-artifacts-'));
  onTestFinished(async () => rm(folder, { recursive: true, force: true }));
  return { store: createLocalArtifacts(folder), folder };
}
