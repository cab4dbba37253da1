import type { z } from 'zod';
import { StepError, type Artifact, type ArtifactStore } from '../../src/index.ts';
import { instanceFolder } from '../instance-folder.ts';
import type { Format } from './model.ts';

/** Where an instance keeps its files in the artifact store. */
export const files = {
  source: (instance: string, extension: string) => `${instanceFolder(instance)}/source.${extension}`,
  transcript: (instance: string, round: number) => `${instanceFolder(instance)}/transcript-${round}.json`,
  insights: (instance: string) => `${instanceFolder(instance)}/insights.json`,
  draft: (instance: string, format: Format, round: number) =>
    `${instanceFolder(instance)}/drafts/${format}-${round}.json`,
  reviewed: (instance: string, format: Format, round: number) =>
    `${instanceFolder(instance)}/reviewed/${format}-${round}.json`,
  review: (instance: string, round: number) => `${instanceFolder(instance)}/review-${round}.json`,
  delivered: (instance: string, name: string) => `${instanceFolder(instance)}/pack/${name}`,
};

/** Stores a value as JSON that people can read. */
export function writeJson(artifacts: ArtifactStore, key: string, value: unknown): Promise<Artifact> {
  return artifacts.put(key, `${JSON.stringify(value, null, 2)}\n`);
}

/** Reads a JSON artifact and checks its shape. */
export async function readJson<Schema extends z.ZodType>(
  artifacts: ArtifactStore,
  key: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  return schema.parse(JSON.parse(await decodeText(await artifacts.read(key), key, Infinity)));
}

/**
 * Collects a stream of UTF-8 or UTF-16 text (by its byte order mark).
 * @throws StepError `INVALID_INPUT` when it is longer than `maxBytes`
 */
export async function decodeText(stream: AsyncIterable<Uint8Array>, name: string, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new StepError('INVALID_INPUT', `${name} has more than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  const all = Buffer.concat(chunks);
  const encoding =
    all[0] === 0xff && all[1] === 0xfe ? 'utf-16le' : all[0] === 0xfe && all[1] === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(all);
}
