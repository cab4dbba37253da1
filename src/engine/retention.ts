import { createGzip } from 'node:zlib';
import { Readable } from 'node:stream';
import type { ArtifactStore } from '../core/artifact.ts';
import { DurachartError } from '../core/error.ts';
import { RESERVED_KEY } from '../core/payload.ts';
import { checkBy, checkFilters, isDate } from './checks.ts';
import { idempotentId } from './keys.ts';
import type { Payloads } from './payloads/payloads.ts';
import type { Clock, Millis } from './ports.ts';

/** Statuses of instances that may be removed. */
export const FINISHED = ['done', 'cancelled', 'failed'] as const;
type Finished = (typeof FINISHED)[number];

/** Which finished instances are to go, and whether they are archived first. */
export interface RetentionOptions {
  /** Those that came to their end before. */
  endedBefore: Date;
  workflow?: string | undefined;
  state?: string | undefined;
  /** Default: done and cancelled. Failed ones can still be retried: they are taken only where asked for. */
  status?: readonly Finished[] | undefined;
  /** Beginning of the keys of the artifacts that they are written to before they are deleted. Without it they are only deleted. */
  archive?: string | undefined;
  /** Removes nothing, and counts those that would go. */
  dryRun?: boolean | undefined;
  /** Who asks for it. Default: `unknown`. At most 200 characters. */
  by?: string | undefined;
  why?: string | undefined;
}

/** What one call has done; it takes some seconds, and does not do everything at once. */
export interface Retained {
  /** Instances that are gone, or would go. */
  instances: number;
  /** Keys of the archives: gzip of JSON lines, one an instance. */
  archives: string[];
  /** There are more: ask again. */
  more: boolean;
}

/** A finished instance, as it was when it was chosen: one that has changed since is left alone. */
export interface Candidate {
  id: string;
  createdAt: Date;
  sequence: number;
  wake: number;
}

export interface RetentionFilter {
  endedBefore: Date;
  workflow: string | undefined;
  state: string | undefined;
  status: readonly Finished[];
}

/** The record of one call: one row of `audit`, which outlives what was removed. */
export interface RetentionRecord {
  /** The workflow, or `*` for all. */
  workflow: string;
  arguments: unknown;
  by: string;
  why: string | null;
  at: Millis;
}

/** What retention needs of the database. Nobody waits for it: it holds locks within one short statement only. */
export interface RetentionStore {
  /** The oldest that may go, after one that was seen. Not the children of an instance that goes on, nor those that something is due for. */
  find(filter: RetentionFilter, after: Candidate | undefined, limit: number): Promise<Candidate[]>;
  /** All that is stored of an instance, as JSON on one line. */
  read(ids: readonly string[]): Promise<string[]>;
  /** Deletes those that are as they were, with all that belongs to them. Their ids. */
  remove(filter: RetentionFilter, candidates: readonly Candidate[]): Promise<string[]>;
  /** Notes that instances are about to be removed. Id of the record. */
  begin(record: RetentionRecord): Promise<number>;
  /** Notes what became of it. A record without that is of a call that was cut off. */
  end(id: number, result: unknown, at: Millis): Promise<void>;
}

/** Instances in one statement, and rows of their histories, if it is not one instance alone. */
const BATCH = 500;
const ROWS = 20_000;
/** Instances that are read at a time. */
const CHUNK = 25;
/** How long one call goes on, and how far a dry run counts. */
const LONGEST = 5_000;
const MOST = 10_000;

interface Parts {
  store: RetentionStore;
  artifacts: ArtifactStore;
  payloads: Payloads;
  clock: Clock;
  /** Told of what does not keep the rest from being removed. */
  fault: (message: string, error: unknown) => void;
}

/** Removes what has been finished long enough, in batches, oldest first; each is archived before it goes. @throws DurachartError `INVALID_OPTION`, those of the artifact store */
export async function retain(parts: Parts, options: RetentionOptions): Promise<Retained> {
  const { store, payloads, clock, fault } = parts;
  const filter = checked(options);
  const by = checkBy({ by: options.by, why: options.why });
  const { archive } = options;
  if (options.dryRun === true) {
    const found = await store.find(filter, undefined, MOST + 1);
    return { instances: Math.min(found.length, MOST), archives: [], more: found.length > MOST };
  }
  const retained: Retained = { instances: 0, archives: [], more: false };
  const end = clock.now() + LONGEST;
  let record: number | undefined;
  let after: Candidate | undefined;
  const ended = async (): Promise<Retained> => {
    if (record !== undefined) await store.end(record, retained, clock.now());
    return retained;
  };
  for (;;) {
    const batch = bounded(await store.find(filter, after, BATCH));
    if (batch.length === 0) return ended();
    record ??= await store.begin({ ...recordOf(filter, archive), ...by, at: clock.now() });
    if (archive !== undefined) retained.archives.push(await write(parts, archive, batch));
    const removed = await store.remove(filter, batch);
    for (const id of removed) {
      await payloads
        .remove(id)
        .catch((error: unknown) => fault(`payloads of removed instance ${id} are left over`, error));
    }
    retained.instances += removed.length;
    after = batch.at(-1);
    if (clock.now() < end) continue;
    retained.more = true;
    return ended();
  }
}

function recordOf(
  { endedBefore, workflow, state, status }: RetentionFilter,
  archive: string | undefined,
): Pick<RetentionRecord, 'workflow' | 'arguments'> {
  const asked = { endedBefore: endedBefore.toISOString(), status, state, archive };
  return { workflow: workflow ?? '*', arguments: asked };
}

/** An archive holds what lies in the artifact store, too: that goes with the instance. */
async function wholeLine(payloads: Payloads, id: string, line: string): Promise<string> {
  return line.includes(RESERVED_KEY)
    ? JSON.stringify(await payloads.whole(id, JSON.parse(line) as unknown, 'keep'))
    : line;
}

function checked(options: RetentionOptions): RetentionFilter {
  const { endedBefore, workflow, state, status = ['done', 'cancelled'], archive } = options;
  const wrong = !isDate(endedBefore)
    ? 'endedBefore must be a valid Date'
    : !(Array.isArray(status) && status.length > 0 && status.every((each) => FINISHED.includes(each as Finished)))
      ? `status must be a list of ${FINISHED.join(', ')}`
      : archive === ''
        ? 'archive must not be empty'
        : undefined;
  if (wrong !== undefined) throw new DurachartError('INVALID_OPTION', `${wrong}.`);
  checkFilters({ ...(workflow === undefined ? {} : { workflow }), ...(state === undefined ? {} : { state }) });
  return { endedBefore, workflow, state, status };
}

/** As many as have no more than {@link ROWS} transitions together; at least one. */
function bounded(candidates: readonly Candidate[]): Candidate[] {
  let rows = 0;
  return candidates.filter(({ sequence }, i) => (rows += sequence) <= ROWS || i === 0);
}

/** Returns when the artifact is stored whole. A crash after that leaves instances that are archived and still there; the next call archives them again. */
async function write(
  { store, artifacts, payloads, clock }: Parts,
  archive: string,
  batch: readonly Candidate[],
): Promise<string> {
  async function* lines(): AsyncGenerator<string> {
    for (let from = 0; from < batch.length; from += CHUNK) {
      const ids = batch.slice(from, from + CHUNK).map(({ id }) => id);
      const read = await store.read(ids);
      if (read.length < ids.length)
        throw new DurachartError('CONFLICT', 'Somebody else is removing the same instances.');
      for (const [index, line] of read.entries()) yield `${await wholeLine(payloads, ids[index] as string, line)}\n`;
    }
  }
  const key = `${archive.replace(/\/+$/, '')}/${idempotentId('', null, undefined, clock.now())}.jsonl.gz`;
  const source = Readable.from(lines());
  const zipped = createGzip();
  source.on('error', (error) => zipped.destroy(error));
  // Whoever reads it is told; where nobody does, because the key is refused, it must not end the process.
  zipped.on('error', () => {});
  try {
    await artifacts.put(key, source.pipe(zipped));
  } finally {
    source.destroy();
  }
  return key;
}
