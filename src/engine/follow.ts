import { DurachartError } from '../core/error.ts';
import type { Change, HistoryEntry, StepView } from './api.ts';
import { Bell, type Changes } from './changes.ts';
import { systemClock } from './clock.ts';
import type { FeedPosition, InstanceRecord, Reader } from './reader.ts';
import { hasEnded } from './state.ts';

interface FollowOptions {
  id?: string;
  after?: string;
  signal?: AbortSignal;
}

const PAGE = 200;
const LOOK = 1_000;

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
  const steps: Change[] = [];
  const stop = changes.listen((hint) => {
    if (id !== undefined && hint.id !== id && hint.id !== '*') return;
    if (hint.step !== undefined) steps.push({ type: 'step', instanceId: hint.id, workflow: hint.step.workflow, step: hint.step.view });
    bell.ring();
  });
  const abort = (): void => bell.ring();
  signal?.addEventListener('abort', abort);
  try {
    const source = id === undefined ? await everything(reader, options.after) : await one(reader, id, options.after, record);
    while (signal?.aborted !== true) {
      bell.reset();
      for await (const change of source.read()) yield change;
      yield* steps.splice(0);
      if (source.ended()) return;
      await bell.heard(LOOK);
    }
  } finally {
    stop();
    signal?.removeEventListener('abort', abort);
  }
}

interface Source {
  /** What is new since the last call. */
  read(): AsyncIterable<Change>;
  ended(): boolean;
}

async function everything(reader: Reader, after: string | undefined): Promise<Source> {
  let at: FeedPosition = after === undefined ? { xid: await reader.position(), instanceId: '', sequence: 0 } : parsePosition(after);
  return {
    ended: () => false,
    async *read() {
      for (;;) {
        const rows = await reader.feed(at, PAGE);
        for (const { xid, status, ...entry } of rows) {
          at = { xid, instanceId: entry.instanceId, sequence: entry.sequence };
          yield { type: 'transition', position: formatPosition(at), entry, status };
        }
        if (rows.length < PAGE) return;
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
  let { status, sequence } = await record(id);
  if (after !== undefined) sequence = parseSequence(after);
  const shown = new Map<string, string>();
  return {
    ended: () => hasEnded(status),
    async *read() {
      // The status is read before the history: an end that it shows is in the history already.
      ({ status } = await record(id));
      let rows: HistoryEntry[];
      do {
        rows = await reader.history(id, sequence, PAGE);
        for (const entry of rows) {
          sequence = entry.sequence;
          yield { type: 'transition', position: String(sequence), entry, status };
        }
      } while (rows.length === PAGE);
      for (const { input: _i, output: _o, error: _e, attempts: _a, logs: _l, ...step } of await reader.liveSteps(id)) {
        const text = JSON.stringify(step);
        if (shown.get(step.key) === text) continue;
        shown.set(step.key, text);
        yield { type: 'step', instanceId: id, workflow: (await workflowName(record, id)) ?? '', step: step satisfies StepView };
      }
    },
  };
}

async function workflowName(record: (id: string) => Promise<InstanceRecord>, id: string): Promise<string | undefined> {
  return (await record(id)).workflow;
}

function formatPosition({ xid, instanceId, sequence }: FeedPosition): string {
  return `${xid}_${sequence}_${instanceId}`;
}

/** @throws DurachartError `INVALID_CURSOR` */
function parsePosition(text: string): FeedPosition {
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
