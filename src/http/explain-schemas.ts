import { z } from '@hono/zod-openapi';
import { FanOut, InstanceStatus, StepKind, Time } from './schemas.ts';

/** What the API sends of why an instance stands where it stands, and of what an event would do. */

const Operation = z
  .object({
    operation: z.enum(['retry', 'resume', 'skip', 'rewind', 'fork', 'edit', 'pause', 'unpause', 'cancel', 'send']),
    words: z.string(),
    command: z.string().openapi({ description: 'For a shell.', example: 'durachart retry 0197f2c3' }),
    request: z.object({
      method: z.literal('POST'),
      path: z.string(),
      body: z.record(z.string(), z.unknown()).optional(),
    }),
  })
  .openapi('LegalOperation', {
    description: 'Something that can be done now. What `…` stands for is to be filled in.',
  });

const PastOperation = z
  .object({
    operation: z.string(),
    by: z.string(),
    why: z.string().nullable(),
    status: z.string().openapi({ description: 'requested, applied or refused' }),
    code: z.string().nullable(),
    reason: z.string().nullable(),
    requestedAt: Time,
    finishedAt: Time.nullable(),
  })
  .openapi('PastOperation');

const ErrorShown = z.object({
  code: z.string(),
  class: z.enum(['retryable', 'final']),
  name: z.string(),
  message: z.string(),
  reason: z.string().optional(),
  stack: z.string().optional(),
});

const STEP = {
  key: z.string(),
  kind: StepKind,
  step: z.string(),
  attempt: z.int(),
  maxAttempts: z.int(),
};
const Invocation = z.object(STEP);
const Worker = z.object({
  id: z.int(),
  name: z.string().nullable(),
  beatAt: Time.nullable(),
  stoppedAt: Time.nullable(),
});
const Due = z.enum(['start', 'timer', 'retry', 'step', 'event']);
const RunId = z.string().nullable().openapi({ description: 'Of its run on Trigger.dev.' });
const Milliseconds = z.number();
const Timer = z.object({ timer: z.string(), dueAt: Time });

const CODES = [
  'SCHEDULED',
  'RUNNING',
  'FAN_OUT',
  'QUEUED',
  'RETRYING',
  'WAITING',
  'PAUSED',
  'WORKFLOW_PAUSED',
  'QUEUE_PAUSED',
  'OVERDUE',
  'NO_WORKER',
  'DEAD_WORKER',
  'WORKER_BLOCKED',
  'STEP_PAST_TIMEOUT',
  'STEP_SILENT',
  'FAILED',
  'ACTION_FAILED',
  'CHILD_RUNNING',
  'CHILD_FAILED',
  'CHILD_STUCK',
  'STATE_UNKNOWN',
  'LOST_RUN',
  'LONG_HISTORY',
  'DONE',
  'CANCELLED',
  'UNKNOWN_WORKFLOW',
] as const;

const Standpoint = z
  .object({
    id: z.string(),
    workflow: z.string(),
    status: InstanceStatus,
    state: z.string(),
    code: z.enum(CODES),
    words: z.string(),
  })
  .openapi('Standpoint', { description: 'Where one instance of a family stands, and its first cause.' });

const CHILD = {
  ...STEP,
  childId: z.string().nullable(),
  leaf: z.union([Standpoint, z.null()]),
  path: z.array(Standpoint).openapi({ description: 'From the child down to the leaf.' }),
};

function cause<Code extends (typeof CODES)[number], Shape extends z.core.$ZodLooseShape>(code: Code, fields: Shape) {
  return z.object({
    code: z.literal(code),
    words: z.string(),
    operations: z.array(Operation).openapi({ description: 'Those of the legal operations that help here.' }),
    ...fields,
  });
}

const Cause = z
  .discriminatedUnion('code', [
    cause('SCHEDULED', { startAt: Time }),
    cause('RUNNING', {
      ...STEP,
      since: Time,
      ranMs: Milliseconds,
      progress: z.number().nullable(),
      message: z.string().nullable(),
      worker: z.int().nullable(),
      runId: RunId,
      usual: z.object({ p50Ms: Milliseconds, p95Ms: Milliseconds, samples: z.int() }).nullable(),
      pace: z.enum(['below p50', 'below p95', 'above p95']).nullable(),
    }),
    cause('FAN_OUT', {
      ...STEP,
      ...FanOut.shape,
      since: Time,
      underWay: z.object({ running: z.int(), queued: z.int(), retrying: z.int() }),
      nextAttemptAt: Time.nullable().openapi({ description: 'Of the item that is tried again first.' }),
      error: z.union([ErrorShown, z.null()]),
    }),
    cause('QUEUED', {
      ...STEP,
      since: Time,
      queue: z.string().nullable(),
      runId: RunId,
      limits: z.object({ worker: z.int(), queue: z.int().nullable(), step: z.int().nullable() }),
    }),
    cause('RETRYING', { ...STEP, error: ErrorShown.nullable(), nextAttemptAt: Time }),
    cause('WAITING', {
      events: z.array(
        z.object({
          type: z.string(),
          schema: z
            .record(z.string(), z.unknown())
            .nullable()
            .openapi({ description: 'JSON Schema of the payload; null: anything goes.' }),
        }),
      ),
      deadline: Timer.nullable().openapi({
        description:
          'The first timer after which one of these events is no longer taken, nor comes to be again without another one.',
      }),
      nextTimer: Timer.nullable().openapi({ description: 'The first one to come: the deadline, or a reminder.' }),
      enteredByError: z.object({ step: z.string().nullable(), code: z.string().nullable() }).nullable(),
    }),
    cause('PAUSED', { since: Time, by: z.string().nullable(), why: z.string().nullable() }),
    cause('WORKFLOW_PAUSED', { since: Time, by: z.string(), why: z.string().nullable() }),
    cause('QUEUE_PAUSED', { ...STEP, queue: z.string(), since: Time, by: z.string(), why: z.string().nullable() }),
    cause('OVERDUE', { due: Due, dueAt: Time, lateMs: Milliseconds, worker: Worker.nullable() }),
    cause('NO_WORKER', { due: Due, dueAt: Time }),
    cause('DEAD_WORKER', { worker: Worker, steps: z.array(Invocation) }),
    cause('WORKER_BLOCKED', {
      worker: Worker,
      since: Time,
      blockedMs: Milliseconds,
      running: z.array(z.object({ id: z.string(), step: z.string() })),
    }),
    cause('STEP_PAST_TIMEOUT', { ...STEP, since: Time, timeoutMs: Milliseconds, ranMs: Milliseconds, runId: RunId }),
    cause('STEP_SILENT', {
      ...STEP,
      heardAt: Time,
      heartbeatMs: Milliseconds,
      silentMs: Milliseconds,
      runId: RunId,
    }),
    cause('ACTION_FAILED', { ...STEP, at: Time, error: ErrorShown }),
    cause('FAILED', { at: Time, step: Invocation.nullable(), error: ErrorShown }),
    cause('CHILD_RUNNING', CHILD),
    cause('CHILD_FAILED', { ...CHILD, error: ErrorShown.nullable() }),
    cause('CHILD_STUCK', CHILD),
    cause('STATE_UNKNOWN', { state: z.string(), value: z.unknown() }),
    cause('LOST_RUN', { ...STEP, runId: RunId, since: Time }),
    cause('LONG_HISTORY', { transitions: z.int(), limit: z.int() }),
    cause('DONE', { at: Time }),
    cause('CANCELLED', { at: Time }),
    cause('UNKNOWN_WORKFLOW', { workflow: z.string() }),
  ])
  .openapi('Cause', { description: '`code` is stable, and tells which fields there are.' });

export const Explanation = z
  .object({
    id: z.string(),
    workflow: z.string(),
    status: InstanceStatus,
    state: z.string(),
    sequence: z.int(),
    since: Time.openapi({ description: 'Since when it is in this state.' }),
    summary: z.string(),
    causes: z.array(Cause).openapi({ description: 'The one that matters most comes first.' }),
    operations: z.array(Operation).openapi({ description: 'What is legal now, most useful first.' }),
    recent: z.array(PastOperation).openapi({ description: 'What people did to it last, newest first.' }),
    path: z.array(Standpoint).optional(),
  })
  .openapi('Explanation', { description: 'Why an instance stands where it stands, and what can be done about it.' });

export const Preview = z
  .object({
    accepted: z.boolean().openapi({ description: 'Whether the event would move the instance now.' }),
    reason: z.object({ code: z.string(), message: z.string() }).optional().openapi({ description: 'Why not.' }),
    state: z.string(),
    status: InstanceStatus,
    ahead: z.int().openapi({ description: 'Events in the inbox, which are taken first.' }),
    steps: z.array(z.object({ key: z.string(), step: z.string(), input: z.unknown() })),
    stops: z.array(z.object({ key: z.string(), step: z.string(), status: z.string(), childId: z.string().nullable() })),
    timers: z.array(z.object({ id: z.string(), event: z.string(), dueInMs: Milliseconds })),
    cancelsTimers: z.array(z.string()),
    actions: z.array(z.object({ name: z.string(), params: z.unknown() })),
    sends: z.array(z.object({ to: z.string(), type: z.string(), payload: z.unknown() })),
    children: z.array(z.object({ id: z.string(), workflow: z.string(), input: z.unknown() })),
    context: z.record(z.string(), z.unknown()).openapi({ description: 'Keys that change, with their new values.' }),
    emits: z.array(z.unknown()),
    output: z.unknown().optional(),
    error: ErrorShown.optional(),
  })
  .openapi('Preview', { description: 'What an event would do, if it were sent now.' });
