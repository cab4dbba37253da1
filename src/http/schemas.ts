import { z } from '@hono/zod-openapi';

/** What the API sends, as zod schemas; the types are those of its clients. Times are ISO 8601 in UTC. */

export const Time = z.iso.datetime().openapi({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' });
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const InstanceStatus = z
  .enum(['scheduled', 'running', 'waiting', 'paused', 'done', 'failed', 'cancelled'])
  .openapi('InstanceStatus');
export const StepStatus = z
  .enum(['waiting', 'queued', 'running', 'retrying', 'done', 'failed', 'stopped'])
  .openapi('StepStatus', { description: '`waiting`: an item of a fan-out whose turn has not come.' });
export const StepKind = z
  .enum(['step', 'workflow', 'action', 'fan-out', 'item'])
  .openapi('StepKind', { description: '`item`: of a fan-out; its key is that of the fan-out, `#` and its index.' });
const ErrorClass = z.enum(['retryable', 'final']);

export interface Cause {
  name: string;
  message: string;
  code?: string | undefined;
  cause?: Cause | undefined;
}

const Cause: z.ZodType<Cause> = z
  .object({
    name: z.string(),
    message: z.string(),
    code: z.string().optional(),
    get cause() {
      return Cause.optional();
    },
  })
  .openapi('ErrorCause');

const ErrorRecord = z
  .object({
    code: z.string(),
    class: ErrorClass,
    name: z.string(),
    message: z.string(),
    stack: z.string().optional(),
    attempt: z.int().optional(),
    details: z.record(z.string(), z.unknown()).optional(),
    cause: Cause.optional(),
    reason: z.string().optional(),
    thrown: z.object({ value: z.unknown().optional() }).optional(),
  })
  .openapi('Error', {
    description:
      'An error as it is stored. `reason`: one line that says why, with its causes, where `message` does not say it all. `thrown`: what was thrown, where the other fields do not say all of it.',
  });

export const LogLine = z
  .object({
    at: Time,
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: z.string(),
    fields: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi('LogLine');

const Attempt = z
  .object({
    attempt: z.int(),
    startedAt: Time,
    finishedAt: Time,
    outcome: z.enum(['done', 'failed', 'lost', 'stopped', 'skipped']),
    error: ErrorRecord.optional(),
    logs: z.array(LogLine).optional(),
    runId: z.string().optional().openapi({ description: 'Of its run on Trigger.dev.' }),
  })
  .openapi('Attempt');

export const FanOut = z
  .object({
    total: z.int().openapi({ description: 'Items in all.' }),
    done: z.int(),
    failed: z.int(),
    skipped: z.int(),
    left: z.int().openapi({ description: 'Items that have not ended.' }),
    concurrency: z.int(),
    batch: z.int().nullable(),
    pause: z.number().openapi({ description: 'Milliseconds between two batches.' }),
    onItemError: z.enum(['continue', 'fail']),
    resumeAt: Time.nullable().openapi({ description: 'When the next batch begins.' }),
    timeLeftMs: z
      .number()
      .nullable()
      .openapi({ description: 'Until all have ended, reckoned when the last one did that has.' }),
  })
  .openapi('FanOut', { description: 'How far a fan-out is.' });

export const Step = z
  .object({
    key: z
      .string()
      .openapi({ description: 'Of the invocation; with the id of the instance before it, its idempotency key.' }),
    kind: StepKind,
    step: z.string(),
    status: StepStatus,
    attempt: z.int().openapi({ description: 'The attempt that runs or ran last, from 1; 0 before the first.' }),
    maxAttempts: z.int(),
    nextAttemptAt: Time.nullable(),
    progress: z.number().nullable().openapi({ description: '0 to 1.' }),
    message: z.string().nullable(),
    errorCode: z.string().nullable(),
    childId: z.string().nullable(),
    queuedAt: Time,
    startedAt: Time.nullable(),
    heartbeatAt: Time.nullable(),
    finishedAt: Time.nullable(),
    fanOut: z.union([FanOut, z.null()]).openapi({ description: 'Null save on a fan-out.' }),
  })
  .openapi('Step');

export const StepDetail = Step.extend({
  input: z.unknown(),
  output: z.unknown(),
  error: z.union([ErrorRecord, z.null()]),
  attempts: z.array(Attempt).openapi({ description: 'Earlier attempts.' }),
  logs: z.array(LogLine).openapi({ description: 'Of the current attempt.' }),
}).openapi('StepDetail');

export const InstanceSummary = z
  .object({
    id: z.string(),
    workflow: z.string(),
    version: z.string(),
    tenant: z.string().nullable(),
    tags: z.array(z.string()),
    priority: z.int(),
    status: InstanceStatus,
    state: z.string(),
    sequence: z.int(),
    steps: z.array(Step).openapi({ description: 'The invocations that it waits for.' }),
    errorCode: z.string().nullable(),
    key: z.string().nullable(),
    parentId: z.string().nullable(),
    createdAt: Time,
    updatedAt: Time.openapi({ description: 'Since when it is in this state.' }),
    finishedAt: Time.nullable(),
  })
  .openapi('InstanceSummary');

export const Count = z
  .object({
    workflow: z.string(),
    status: InstanceStatus,
    state: z.string(),
    count: z.int().openapi({ description: 'At most 10,000.' }),
    more: z.boolean().openapi({ description: 'There are more than `count`.' }),
  })
  .openapi('Count');

export const Instance = InstanceSummary.extend({
  value: z.unknown().openapi({ description: "XState's state value: a name, or names by region." }),
  context: z.record(z.string(), z.unknown()).nullable(),
  input: z.unknown(),
  output: z.unknown(),
  error: z.union([ErrorRecord, z.null()]),
  accepts: z.array(z.string()).openapi({ description: 'Events that the state takes now.' }),
  timers: z.array(z.object({ id: z.string(), dueAt: Time })),
  children: z.array(z.object({ id: z.string(), workflow: z.string(), status: InstanceStatus, state: z.string() })),
}).openapi('Instance');

export const HistoryEntry = z
  .object({
    instanceId: z.string(),
    workflow: z.string(),
    sequence: z.int(),
    event: z.string(),
    payload: z.unknown(),
    from: z.string().nullable(),
    to: z.string(),
    step: z
      .object({
        key: z.string(),
        step: z.string(),
        attempt: z.int(),
        status: StepStatus,
        durationMs: z.number().nullable(),
        errorCode: z.string().nullable(),
      })
      .nullable()
      .openapi({ description: 'The step whose result it took.' }),
    emitted: z.array(z.unknown()),
    at: Time,
  })
  .openapi('HistoryEntry');

export const Change = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('transition'), position: z.string(), entry: HistoryEntry, status: InstanceStatus }),
    z.object({ type: z.literal('step'), instanceId: z.string(), workflow: z.string(), step: Step }),
    z.object({
      type: z.literal('status'),
      instanceId: z.string(),
      workflow: z.string(),
      status: InstanceStatus,
      errorCode: z.string().nullable(),
      sequence: z.int().openapi({ description: 'Number of its last transition.' }),
    }),
  ])
  .openapi('Change', { description: '`data` of the server-sent events. The `id` of a transition is its position.' });

export const Snapshot = z
  .object({
    status: z.enum(['active', 'done', 'error', 'stopped']),
    value: z.unknown(),
    context: z.record(z.string(), z.unknown()),
    children: z.record(z.string(), z.object({ src: z.string(), systemId: z.string().optional() })),
    historyValue: z.record(z.string(), z.array(z.object({ id: z.string() }))),
    output: z.unknown().optional(),
    error: z.unknown().optional(),
  })
  .openapi('Snapshot');

export const WorkflowSummary = z
  .object({ name: z.string(), version: z.string(), description: z.string().nullable(), steps: z.array(z.string()) })
  .openapi('WorkflowSummary');

const JsonSchema = z
  .record(z.string(), z.unknown())
  .nullable()
  .openapi({ description: 'JSON Schema; null: anything goes.' });

const Definition = z
  .object({
    id: z.string(),
    states: z
      .array(
        z.object({
          path: z
            .string()
            .openapi({ description: 'With dots; empty for the machine itself.', example: 'INSIGHTS.blog' }),
          parent: z.string().nullable().openapi({ description: 'Null for the machine itself.' }),
          type: z.enum(['atomic', 'compound', 'parallel', 'final', 'history']),
          history: z.enum(['shallow', 'deep']).nullable(),
          description: z.string().nullable(),
          initial: z.array(z.string()).openapi({ description: 'Paths of the states that are entered with it.' }),
          invoke: z.array(z.object({ id: z.string(), src: z.string() })),
          entry: z.array(z.string()),
          exit: z.array(z.string()),
          tags: z.array(z.string()),
        }),
      )
      .openapi({ description: 'Outer ones before inner ones; the first is the machine itself.' }),
    transitions: z.array(
      z.object({
        from: z.string().openapi({ description: 'Path of the state that has it.' }),
        to: z.array(z.string()).openapi({ description: 'Paths; none where it only acts.' }),
        event: z.string().openapi({ description: 'Type or descriptor; empty for one without an event.' }),
        guard: z.string().nullable(),
        actions: z.array(z.string()),
        delay: z
          .union([z.number(), z.string(), z.null()])
          .openapi({ description: 'Milliseconds, or the name of a delay.' }),
        reenter: z.boolean(),
        description: z.string().nullable(),
        taken: z
          .array(z.object({ from: z.string().nullable(), event: z.string(), to: z.string().nullable() }))
          .openapi({ description: 'Which entries of a history took it; null fits any.' }),
      }),
    ),
  })
  .openapi('Definition', { description: 'The machine as plain data, for pictures.' });

export const Workflow = WorkflowSummary.extend({
  input: JsonSchema,
  events: z.array(z.object({ type: z.string(), schema: JsonSchema })),
  states: z.array(z.string()),
  definition: Definition,
  steps: z.array(z.string()),
  stepOptions: z
    .record(
      z.string(),
      z.object({
        retry: z.object({
          maxAttempts: z.int(),
          minDelay: z.number(),
          maxDelay: z.number(),
          factor: z.number(),
          jitter: z.number(),
        }),
        timeout: z.number().nullable(),
        heartbeat: z.number().nullable(),
        queue: z.string().nullable(),
        concurrency: z.int().nullable(),
        concurrencyPerKey: z
          .boolean()
          .openapi({ description: 'Whether `concurrency` counts for each key that the step makes of its input.' }),
        transactional: z.boolean(),
        input: JsonSchema,
        output: JsonSchema,
      }),
    )
    .openapi({ description: 'By step. All times in milliseconds.' }),
  children: z.array(z.object({ actor: z.string(), workflow: z.string() })),
  errors: z
    .record(z.string(), ErrorClass)
    .openapi({ description: 'Error codes and whether another attempt may help.' }),
}).openapi('Workflow');

export const Started = z.object({ id: z.string(), workflow: z.string(), created: z.boolean() }).openapi('Started');
export const Sent = z
  .object({ duplicate: z.boolean().openapi({ description: 'True when the key was used before: nothing was sent.' }) })
  .openapi('Sent');
export const SentOutcome = Sent.extend({
  outcome: z.enum(['taken', 'ignored', 'pending']).openapi({
    description: 'Ignored: it changed nothing. Pending: it was still in the inbox when the wait was over.',
  }),
  state: z.string().openapi({ description: 'After the transition that took it; else where the instance stood then.' }),
  sequence: z.int().openapi({ description: 'Number of that transition.' }),
}).openapi('SentOutcome');
export const Artifact = z
  .object({ key: z.string(), size: z.int().openapi({ description: 'Bytes.' }), sha256: Sha256, type: z.string() })
  .openapi('Artifact');
export const Upload = z.object({ key: z.string(), size: z.int(), sha256: Sha256 }).openapi('Upload');

export const Session = z
  .object({
    required: z.boolean().openapi({ description: 'The server has an API token, which a browser has to log in with.' }),
    active: z.boolean().openapi({ description: 'This browser may: it has logged in, or does not have to.' }),
    secrets: z.enum(['shown', 'masked', 'none']).openapi({
      description: 'What becomes of the fields that workflows mark as secret; `none`: there are no such fields.',
    }),
  })
  .openapi('Session');

export const Retained = z
  .object({
    instances: z.int().openapi({ description: 'Removed, or to be removed: of these at most 10,000.' }),
    archives: z.array(z.string()).openapi({ description: 'Keys of artifacts: gzip of JSON lines, one an instance.' }),
    more: z.boolean().openapi({ description: 'There are more: ask again.' }),
  })
  .openapi('Retained');

export const Ready = z
  .object({
    status: z
      .enum(['ready', 'unavailable'])
      .openapi({ description: '`ready`: the database answers and takes writes.' }),
    database: z.boolean().openapi({ description: 'The database answers.' }),
    latencyMs: z.int().nullable().openapi({
      description: 'Milliseconds that the database took for a small question; null where it did not answer.',
    }),
    trouble: z
      .object({
        code: z.enum([
          'NOT_ANSWERING',
          'STARTING',
          'DISK_FULL',
          'TOO_MANY_CONNECTIONS',
          'READ_ONLY',
          'OUT_OF_MEMORY',
          'POOLER',
          'NOT_MIGRATED',
          'LOGIN_REFUSED',
          'NO_DATABASE',
          'NO_PERMISSION',
          'TLS_FAILED',
          'EMBEDDED_DOWN',
          'SLOW',
        ]),
        detail: z.string(),
      })
      .nullable()
      .openapi({ description: 'What is wrong with the database, and what to do about it.' }),
    remote: z
      .literal(true)
      .optional()
      .openapi({ description: 'Instances are moved on Trigger.dev: there are no workers, and none is missing.' }),
    remoteTrouble: z.object({ since: Time, detail: z.string() }).nullable().optional().openapi({
      description:
        'There: null where Trigger.dev answered this process when it was last asked. What is stored meanwhile goes on when it answers.',
    }),
    dashboard: z
      .string()
      .optional()
      .openapi({ description: 'Where runs on Trigger.dev are seen: `<dashboard>/runs/<id>`.' }),
    workers: z
      .array(
        z.object({
          id: z.int(),
          name: z.string(),
          workflows: z.array(z.string()),
          startedAt: Time,
          beatAt: Time,
          owned: z.int().openapi({ description: 'Instances that it holds now.' }),
        }),
      )
      .openapi({
        description:
          'Live workers. Reading, starting and sending work without any. Empty for who has not sent the token.',
      }),
  })
  .openapi('Ready');

export const Reconciled = z
  .object({
    dead: z.int().openapi({ description: 'Processes that had died without a word. What they held is free again.' }),
    due: z.array(z.string()).openapi({ description: 'Instances whose time had come and that nobody had.' }),
    lost: z.array(z.string()).openapi({ description: 'On Trigger.dev: instances with a step whose run was lost.' }),
    failed: z
      .array(z.string())
      .openapi({ description: 'Of all these, those for which no driver could be triggered on Trigger.dev.' }),
  })
  .openapi('Reconciled');

export const Problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem', { description: 'RFC 9457. `code` is stable; `errors` lists what is wrong where (422).' });
