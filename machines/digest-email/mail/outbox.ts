import type { Artifact, ArtifactStore } from '../../../src/index.ts';

/** Puts a message where a person finds it, in place of sending it: a file that every mail program opens. */
export function putIntoOutbox(artifacts: ArtifactStore, messageId: string, message: Buffer): Promise<Artifact> {
  return artifacts.put(`outbox/${messageId.slice(1, messageId.indexOf('@'))}.eml`, message);
}
