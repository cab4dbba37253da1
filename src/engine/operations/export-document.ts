import { z } from 'zod';
import { DurachartError } from '../../core/error.ts';
import { assertJson } from '../../core/json.ts';
import { sumOf, type StateValue, type StoredSnapshot } from '../../core/snapshot.ts';
import { decoded } from '../../core/undefined.ts';
import { parse } from '../checks.ts';
import { isInstanceId, sequenceOf } from '../keys.ts';
import { lastWhole } from '../macrostep.ts';
import type { ExportDocument, InstanceRows } from './instance-rows.ts';

/** An instance as a document of its own. */
export function exportDocument(rows: InstanceRows, at: number): ExportDocument {
  return { format: 'durachart-export', formatVersion: 1, exportedAt: new Date(at).toISOString(), ...rows };
}

const text = z.string().max(10_000);
const time = z.number().min(-62_135_596_800_000).max(60_000_000_000_000);
const count = z.int().min(0).max(2_147_483_647);
const key = z
  .string()
  .max(10_000)
  .regex(/^\d{1,9}:./, 'must be the key of an invocation like 3:charge');
const status = z.enum(['scheduled', 'running', 'waiting', 'paused', 'done', 'failed', 'cancelled']);
const error = z.looseObject({ code: text, class: z.enum(['retryable', 'final']), name: text, message: z.string() });
const event = z.looseObject({ type: text });

const stateValue: z.ZodType<StateValue> = z.lazy(() => z.union([z.string(), z.record(z.string(), stateValue)]));
const children = z.record(z.string(), z.looseObject({ src: z.string() }));
const snapshot = z.looseObject({
  status: z.enum(['active', 'done', 'error', 'stopped']),
  value: stateValue,
  context: z.record(z.string(), z.unknown()),
  children,
  historyValue: z.record(z.string(), z.array(z.looseObject({ id: z.string() }))),
});

/** Each part as in a whole snapshot, so that what differences come to is one. */
const difference = snapshot.partial().extend({
  removed: z.array(z.string()).optional(),
  cleared: z.array(z.enum(['output', 'error'])).optional(),
  regions: z.array(z.tuple([z.array(z.string()), stateValue])).optional(),
  born: children.optional(),
  gone: z.array(z.string()).optional(),
});

const armed = z.object({ id: text, event, to: text, dueAt: time });

const transition = z.object({
  sequence: count,
  event: text,
  payload: z.unknown(),
  stepKey: text.nullable(),
  from: text.nullable(),
  to: text,
  diff: difference,
  emitted: z.array(z.unknown()).nullable(),
  timers: z.looseObject({ armed: z.array(armed), left: z.array(text), over: z.array(text).optional() }).nullable(),
  at: time,
});

const step = z.object({
  key,
  kind: z.enum(['step', 'workflow', 'action', 'fan-out', 'item']),
  step: text,
  status: z.enum(['waiting', 'queued', 'running', 'retrying', 'done', 'failed', 'stopped']),
  attempt: count,
  maxAttempts: count,
  lost: count,
  nextAttemptAt: time.nullable(),
  input: z.unknown().optional(),
  output: z.unknown().optional(),
  error: error.nullable(),
  attempts: z.array(z.looseObject({ attempt: count, startedAt: time, finishedAt: time, outcome: text })).nullable(),
  logs: z.array(z.looseObject({ at: time, level: text, message: z.string() })).nullable(),
  progress: z.number().nullable(),
  message: z.string().nullable(),
  queue: text.nullable(),
  worker: z.int().nullable(),
  childId: text.nullable(),
  queuedAt: time,
  startedAt: time.nullable(),
  heartbeatAt: time.nullable(),
  finishedAt: time.nullable(),
  fanOut: z
    .object({
      concurrency: count.min(1),
      batch: count.min(1).nullable(),
      pause: z.number().min(0),
      onItemError: z.enum(['continue', 'fail']),
      total: count,
      done: count,
      failed: count,
      skipped: count,
      waiting: count,
      cursor: count,
      room: count.nullable(),
      resumeAt: time.nullable(),
      round: count,
      before: count,
      endedAt: time.nullable(),
    })
    .optional(),
});

const documentSchema = z.object({
  format: z.literal('durachart-export'),
  formatVersion: z.literal(1),
  exportedAt: z.iso.datetime(),
  instance: z.object({
    id: z.string().refine(isInstanceId, 'must be an id'),
    workflow: text,
    version: text,
    tenant: text.nullable(),
    tags: z.array(text).max(20),
    priority: z.int().min(0).max(9),
    key: text.nullable(),
    parentId: text.nullable(),
    input: z.unknown().optional(),
    status,
    state: text,
    sequence: count,
    snapshot: snapshot.nullable(),
    output: z.unknown().optional(),
    error: error.nullable(),
    live: z.array(key),
    createdAt: time,
    startAt: time.nullable(),
    updatedAt: time,
    finishedAt: time.nullable(),
  }),
  transitions: z.array(transition),
  steps: z.array(step),
  timers: z.array(armed.extend({ sequence: count })),
  events: z.array(
    z.object({
      type: text,
      payload: z.unknown(),
      source: z.enum(['external', 'instance', 'control']),
      fence: text.nullable(),
      correlation: z.object({ event: text, key: text }).optional(),
      dedupeKey: text.nullable(),
      status: z.enum(['pending', 'taken', 'ignored']),
      sequence: count.nullable(),
      createdAt: time,
    }),
  ),
  children: z.array(z.object({ id: text, workflow: text, status, state: text })),
});

/** A document as an export made it: its form, and that its parts fit together. @throws DurachartError `INVALID_EXPORT` (details.issues) */
export function checkDocument(document: unknown): ExportDocument {
  // First of all, as it bounds the depth; what is undefined in it is encoded.
  assertJson(decoded(document), 'The export');
  const parsed = parse(documentSchema, document, 'INVALID_EXPORT', 'The export') as unknown as ExportDocument;
  const wrong = misfit(parsed);
  if (wrong !== undefined)
    throw new DurachartError('INVALID_EXPORT', `The export is not valid: ${wrong.path}: ${wrong.message}`, {
      details: { issues: [wrong] },
    });
  return parsed;
}

function misfit({
  instance,
  transitions,
  steps,
  timers,
  events,
}: ExportDocument): { path: string; message: string } | undefined {
  const keys = new Set(steps.map((row) => row.key));
  if (transitions.some(({ sequence }, i) => sequence !== i + 1) || transitions.length !== instance.sequence)
    return { path: 'transitions', message: `must be numbered from 1 to ${instance.sequence}, the instance's sequence` };
  if (keys.size < steps.length) return { path: 'steps', message: 'two have the same key' };
  if (steps.some((row) => sequenceOf(row.key) > instance.sequence))
    return { path: 'steps', message: 'one was asked for by a transition that is not there' };
  const stray = instance.live.find((live) => !keys.has(live));
  if (stray !== undefined) return { path: 'instance.live', message: `there is no step ${stray}` };
  if (new Set(timers.map(({ id }) => id)).size < timers.length)
    return { path: 'timers', message: 'two have the same id' };
  const dedupe = events.flatMap(({ dedupeKey }) => (dedupeKey === null ? [] : [dedupeKey]));
  if (new Set(dedupe).size < dedupe.length) return { path: 'events', message: 'two have the same dedupeKey' };
  if ((instance.snapshot === null) !== (instance.sequence === 0))
    return { path: 'instance.snapshot', message: 'must be there once there is a transition, and not before' };
  const unsound = unsoundWhole(transitions);
  if (unsound !== undefined)
    return { path: 'transitions', message: `that with sequence ${unsound + 1} must have a whole snapshot` };
  return undefined;
}

/** The first transition whose snapshot is to be a whole one, and is none. What comes after it are differences, whose form is known to be right. */
function unsoundWhole(transitions: InstanceRows['transitions']): number | undefined {
  const index = transitions.findIndex(
    ({ sequence, diff }) => lastWhole(sequence) === sequence && !snapshot.safeParse(diff).success,
  );
  return index < 0 ? undefined : index;
}

/** The snapshot after a transition: the sum of the differences up to it. */
export function snapshotAfter(transitions: InstanceRows['transitions'], sequence: number): StoredSnapshot {
  const from = lastWhole(sequence);
  return sumOf(transitions.slice(from - 1, sequence).map(({ diff }) => diff));
}
