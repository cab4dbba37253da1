import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactStore } from '../../core/artifact.ts';
import { DurachartError } from '../../core/error.ts';
import { INLINE_LIMIT, isReference, type PayloadReference } from '../../core/payload.ts';
import { sizeInWords } from './size.ts';

/** Where payloads are in the artifact store. Below it each instance has a folder. */
export const PREFIX = 'payloads';
/** Milliseconds between tries of an artifact store that fails. */
const PAUSES = [50, 250];

/**
 * Values that are too large for a row. Each lies in the artifact store under the SHA-256 of its JSON, in the folder of the
 * instance whose row refers to it: so the same value is there once, and goes with its instance.
 */
export class Payloads {
  private readonly artifacts: ArtifactStore | undefined;

  /** @param artifacts shared by all processes that move instances; without one, large values are refused */
  constructor(artifacts: ArtifactStore | undefined) {
    this.artifacts = artifacts;
  }

  /**
   * The form in which a row of the instance holds a value: itself, or a reference once it is stored.
   * @param what names the value, for messages
   * @throws DurachartError `PAYLOAD_TOO_LARGE` where there is no artifact store; `PAYLOAD_NOT_STORED`
   */
  async put(instanceId: string, value: unknown, what: string): Promise<unknown> {
    if (isReference(value)) return value;
    const text = JSON.stringify(value) as string | undefined;
    return text === undefined || isSmall(text) ? value : this.store(instanceId, text, what);
  }

  /** @throws as {@link put} does */
  async store(instanceId: string, text: string, what: string): Promise<PayloadReference> {
    const bytes = Buffer.from(text);
    const { artifacts } = this;
    if (artifacts === undefined) throw tooLarge(what, bytes.byteLength);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const key = keyOf(instanceId, sha256);
    try {
      await again(async () => {
        if ((await artifacts.stat(key)) === undefined) await artifacts.put(key, bytes);
      });
    } catch (error) {
      throw new DurachartError(
        'PAYLOAD_NOT_STORED',
        `${what} (${sizeInWords(bytes.byteLength)}) is too large for a row, and the artifact store did not take it: ${messageOf(error)} See that the store can be written to, then retry.`,
        { details: { instance: instanceId, key, size: bytes.byteLength }, cause: error },
      );
    }
    return { $durachart: 'payload', size: bytes.byteLength, sha256, key, link: linkOf(instanceId, sha256) };
  }

  /**
   * The value that a row of the instance holds or refers to. Only what lies in the instance's own folder is looked for.
   * @throws DurachartError `PAYLOAD_UNREADABLE`
   */
  async get(instanceId: string, value: unknown): Promise<unknown> {
    if (!isReference(value)) return value;
    const { sha256, size } = value;
    const key = keyOf(instanceId, sha256);
    try {
      return JSON.parse(await again(async () => this.read(key, sha256))) as unknown;
    } catch (error) {
      throw new DurachartError(
        'PAYLOAD_UNREADABLE',
        `A value of instance ${instanceId} (${sizeInWords(size)}) lies in the artifact store under ${key}, and could not be read: ${messageOf(error)} All processes that move instances need the same artifact store. See that it is there, then retry.`,
        { details: { instance: instanceId, key, size }, cause: error },
      );
    }
  }

  /**
   * The same JSON with every reference in it replaced by what it refers to.
   * @param missing `keep`: a reference stays where what it refers to is gone for good
   * @throws DurachartError `PAYLOAD_UNREADABLE`
   */
  async whole<T>(instanceId: string, value: T, missing?: 'keep'): Promise<T> {
    const read = new Map<string, unknown>();
    for (const reference of referencesIn(value)) {
      if (read.has(reference.sha256)) continue;
      try {
        read.set(reference.sha256, await this.get(instanceId, reference));
      } catch (error) {
        if (missing !== 'keep' || codeOf((error as Error).cause) !== 'ARTIFACT_NOT_FOUND') throw error;
        read.set(reference.sha256, reference);
      }
    }
    return read.size === 0 ? value : (replaced(value, ({ sha256 }) => read.get(sha256)) as T);
  }

  /** A value by its hash; undefined where the instance has none of it. @throws DurachartError `PAYLOAD_UNREADABLE` */
  async find(instanceId: string, sha256: string): Promise<{ value: unknown } | undefined> {
    if (!/^[0-9a-f]{64}$/.test(sha256) || this.artifacts === undefined) return undefined;
    const key = keyOf(instanceId, sha256);
    const found = await this.artifacts.stat(key);
    if (found === undefined) return undefined;
    const link = linkOf(instanceId, sha256);
    return { value: await this.get(instanceId, { $durachart: 'payload', size: found.size, sha256, key, link }) };
  }

  /** Removes all payloads of an instance that is gone. */
  async remove(instanceId: string): Promise<void> {
    const { artifacts } = this;
    if (artifacts === undefined) return;
    const found = await artifacts.list(`${PREFIX}/${folderOf(instanceId)}/`);
    for (const { key } of found) await artifacts.delete(key);
  }

  private async read(key: string, sha256: string): Promise<string> {
    if (this.artifacts === undefined) throw new Error('no artifact store is configured.');
    const chunks: Uint8Array[] = [];
    for await (const chunk of await this.artifacts.read(key)) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    if (createHash('sha256').update(bytes).digest('hex') !== sha256)
      throw new Error('it is not what was stored there.');
    return bytes.toString();
  }
}

function* referencesIn(value: unknown): Generator<PayloadReference> {
  if (typeof value !== 'object' || value === null) return;
  if (isReference(value)) yield value;
  else for (const item of Object.values(value)) yield* referencesIn(item);
}

function replaced(value: unknown, by: (reference: PayloadReference) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isReference(value)) return by(value);
  if (Array.isArray(value)) return value.map((item) => replaced(item, by));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item, by)]));
}

/** Whether a row may hold the text. */
export function isSmall(text: string): boolean {
  // No character takes more than three bytes for each of its UTF-16 units.
  return text.length * 3 <= INLINE_LIMIT || Buffer.byteLength(text) <= INLINE_LIMIT;
}

/** The error for a value that a row cannot hold, where it can go nowhere else. */
export function tooLarge(what: string, size: number): DurachartError {
  return new DurachartError(
    'PAYLOAD_TOO_LARGE',
    `${what} takes ${sizeInWords(size)}; a row holds ${sizeInWords(INLINE_LIMIT)}. Give createEngine({ artifacts }) an artifact store, where such values go by themselves, or hand on less.`,
    { details: { what, size, limit: INLINE_LIMIT } },
  );
}

function linkOf(instanceId: string, sha256: string): string {
  return `/instances/${encodeURIComponent(instanceId)}/payloads/${sha256}`;
}

function keyOf(instanceId: string, sha256: string): string {
  return `${PREFIX}/${folderOf(instanceId)}/${sha256}.json`;
}

/** The instance's id, where it can be a part of a key; else what stands for it. The dot keeps the two apart. */
function folderOf(instanceId: string): string {
  return /^[A-Za-z0-9_-]{1,150}$/.test(instanceId)
    ? instanceId
    : `id.${createHash('sha256').update(instanceId).digest('hex')}`;
}

async function again<T>(run: () => Promise<T>): Promise<T> {
  for (const pause of PAUSES) {
    try {
      return await run();
    } catch (error) {
      if (codeOf(error) === 'ARTIFACT_NOT_FOUND') throw error;
      await sleep(pause);
    }
  }
  return run();
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
