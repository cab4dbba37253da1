import { DurachartError } from '../core/error.ts';
import { decoded } from '../core/undefined.ts';
import type { Change, StepView } from './api.ts';
import { ANY, Bell, type Changes } from './changes.ts';
import { systemClock } from './clock.ts';
import type { InstanceStatus } from './ports.ts';
import type { FeedPosition, InstanceRecord, Reader } from './reader.ts';
import { hasEnded } from './state.ts';

interface FollowOptions {
  id?: string;
  after?: string;
  signal?: AbortSignal;
}

const PAGE = 200;
const LOOK = 1_000;
/** Of so many instances it is remembered what was told of them; of others it may be told twice. */
const MOST_TOLD = 10_000;

/**
 * The stream of changes: transitions are read from the history, so that none is missed and each position can be resumed from;
 * what steps do in between is told as it happens.
 */
export async function* follow(
  reader: Reader,
  changes: Changes,
  options: FollowOptions,
  record: (id: string) => Promise<InstanceRecord>,
): AsyncGenerator<Change> {
  const { id, signal } = options;
  const bell = new Bell(systemClock);
  /** The newest of each step: whoever reads slowly is told where a step stands, not where it stood. */
  const steps = new Map<string, Change>();
  /** What has changed otherwise. */
  let moved = new Set<string>();
  const stop = changes.listen(id, (hint) => {
    if (hint.step === undefined) {
      if (hint.id !== ANY) moved.add(hint.id);
    } else {
      const { workflow, view } = hint.step;
      const key = `${hint.id}:${view.key}`;
      steps.delete(key);
      steps.set(key, { type: 'step', instanceId: hint.id, workflow, step: view });
    }
    bell.ring();
  });
  const abort = (): void => bell.ring();
  signal?.addEventListener('abort', abort);
  try {
    const source =
      id === undefined ? await everything(reader, options.after) : await one(reader, id, options.after, record);
    while (signal?.aborted !== true && !changes.closed) {
      bell.reset();
      const changed = moved;
      moved = new Set();
      yield* source.read(changed);
      const told = [...steps.values()];
      steps.clear();
      yield* told;
      if (source.ended()) return;
      await bell.heard(LOOK);
    }
  } catch (error) {
    // What was asked of a database whose connections have been closed meanwhile.
    if (!changes.closed) throw error;
  } finally {
    stop();
    signal?.removeEventListener('abort', abort);
  }
}

interface Source {
  /** What is new since the last call. @param changed ids of which something is new, as far as they are known */
  read(changed: ReadonlySet<string>): AsyncIterable<Change>;
  ended(): boolean;
}

async function everything(reader: Reader, after: string | undefined): Promise<Source> {
  const from = after === undefined ? undefined : parsePosition(after);
  const now = await reader.position();
  if (from !== undefined && from.xid > now.next) throw ahead();
  let at: FeedPosition = from ?? { xid: now.xid, instanceId: '', sequence: 0 };
  const isSeen = from === undefined ? now.isSeen : () => false;
  /** The status that was told last, of those that moved last. */
  const told = new Map<string, InstanceStatus>();
  const tell = (id: string, status: InstanceStatus): void => {
    told.delete(id);
    told.set(id, status);
    const [oldest] = told.keys();
    if (told.size > MOST_TOLD && oldest !== undefined) told.delete(oldest);
  };
  return {
    ended: () => false,
    async *read(changed) {
      const asked = new Set(changed);
      for (;;) {
        const rows = await reader.feed(at, PAGE);
        for (const { xid, status, ...entry } of rows) {
          at = { xid, instanceId: entry.instanceId, sequence: entry.sequence };
          // What was there already when this began is not news, although an older transaction held the position back.
          if (isSeen(xid)) continue;
          tell(entry.instanceId, status);
          // Told with it, and read after whatever was heard of.
          asked.delete(entry.instanceId);
          yield { type: 'transition', position: formatPosition(at), entry: decoded(entry), status };
        }
        if (rows.length < PAGE) break;
      }
      if (asked.size === 0) return;
      for (const standing of await reader.statuses([...asked])) {
        if (told.get(standing.instanceId) === standing.status) continue;
        tell(standing.instanceId, standing.status);
        yield { type: 'status', ...standing };
      }
    },
  };
}

async function one(
  reader: Reader,
  id: string,
  after: string | undefined,
  record: (id: string) => Promise<InstanceRecord>,
): Promise<Source> {
  const from = after === undefined ? undefined : parseSequence(after);
  const first = await record(id);
  if (from !== undefined && from > first.sequence) throw ahead();
  const { workflow } = first;
  let { status } = first;
  let told = status;
  let sequence = from ?? first.sequence;
  const shown = new Map<string, string>();
  return {
    ended: () => hasEnded(status),
    async *read() {
      // The status is read before the history, or with it: an end that it shows is in the history already.
      const now = await record(id);
      ({ status } = now);
      let rows: Awaited<ReturnType<Reader['history']>>;
      do {
        rows = await reader.history(id, sequence, PAGE);
        for (const { status: since, ...entry } of rows) {
          status = since;
          told = since;
          sequence = entry.sequence;
          yield { type: 'transition', position: String(sequence), entry: decoded(entry), status };
        }
      } while (rows.length === PAGE);
      // Nothing of it has moved since it was read, or there would be a transition.
      if (status !== told) {
        told = status;
        yield { type: 'status', instanceId: id, workflow, status, errorCode: now.errorCode, sequence };
      }
      for (const { input: _i, output: _o, error: _e, attempts: _a, logs: _l, ...step } of await reader.liveSteps(id)) {
        const text = JSON.stringify(step);
        if (shown.get(step.key) === text) continue;
        shown.set(step.key, text);
        yield { type: 'step', instanceId: id, workflow, step: step satisfies StepView };
      }
    },
  };
}

function formatPosition({ xid, instanceId, sequence }: FeedPosition): string {
  return `${xid}_${sequence}_${instanceId}`;
}

/** @throws DurachartError `INVALID_CURSOR` */
function parsePosition(text: string): FeedPosition {
  if (text === '0') return { xid: 0n, instanceId: '', sequence: 0 };
  const match = /^(\d{1,18})_(\d{1,9})_([A-Za-z0-9._~-]{1,200})$/.exec(text);
  if (match === null) throw invalid();
  return { xid: BigInt(match[1] as string), sequence: Number(match[2]), instanceId: match[3] as string };
}

function parseSequence(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw invalid();
  return Number(text);
}

function invalid(): DurachartError {
  return new DurachartError('INVALID_CURSOR', 'The position is not one that this stream has given.');
}

/** The database was put back to an earlier time, or is another one: what is written next would be taken for what was seen. */
function ahead(): DurachartError {
  return new DurachartError(
    'INVALID_CURSOR',
    'The position is ahead of all that the database holds, as after a backup was restored. Read from the beginning, or from now on.',
  );
}
