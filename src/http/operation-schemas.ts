import { z } from '@hono/zod-openapi';
import { Instance, InstanceStatus, Step, Time } from './schemas.ts';

/** What is asked of operations, and what the API sends of them. */

/** Who asks, and why: in the body of every operation. */
export const Asked = z.strictObject({
  by: z.string().min(1).max(200).optional().openapi({ description: 'Who asks for it. Default: `unknown`.' }),
  why: z.string().min(1).max(2_000).optional(),
});

const pointer = z.string().openapi({ description: 'JSON Pointer', example: '/job/title' });

/** The engine says what is wrong with a patch; this is for the readers of the API. */
export const Patch = z
  .array(
    z.looseObject({
      op: z.enum(['add', 'remove', 'replace', 'move', 'copy', 'test']),
      path: pointer,
      from: pointer.optional(),
      value: z.unknown().optional(),
    }),
  )
  .openapi('Patch', { description: 'JSON Patch (RFC 6902) of the context.' });

/** What each operation takes beside who and why. */
export const ARGUMENTS = {
  retry: {},
  resume: {},
  pause: {},
  unpause: {},
  cancel: {
    force: z.boolean().optional().openapi({ description: "Not by the machine's own cancel event." }),
  },
  skip: {
    step: z.string().min(1).max(1_000).openapi({ description: 'Its key, or its name where that is clear.' }),
    output: z.unknown().optional().openapi({ description: "Held against the step's schema." }),
  },
  rewind: { to: z.int().min(1).max(2_147_483_647).openapi({ description: 'Sequence of that transition.' }) },
  edit: { patch: Patch },
};

const requested = <Name extends keyof typeof ARGUMENTS>(operation: Name) =>
  z.strictObject({ operation: z.literal(operation), ...ARGUMENTS[operation] });

/** An operation by its name, with its arguments. */
export const Requested = z.discriminatedUnion('operation', [
  requested('retry'),
  requested('resume'),
  requested('pause'),
  requested('unpause'),
  requested('cancel'),
  requested('skip'),
  requested('rewind'),
  requested('edit'),
]);

const Stand = z
  .object({ status: InstanceStatus, state: z.string(), sequence: z.int(), errorCode: z.string().nullable() })
  .openapi('Stand', { description: 'Where an instance stands.' });

export const Operation = z
  .object({
    id: z.int(),
    target: z.enum(['instance', 'workflow', 'queue', 'schedule', 'retention']),
    targetId: z.string(),
    operation: z.string(),
    arguments: z.unknown(),
    by: z.string(),
    why: z.string().nullable(),
    key: z.string().nullable(),
    status: z
      .enum(['requested', 'applied', 'refused'])
      .openapi({ description: '`requested`: whoever moves the instance has not come to it yet.' }),
    code: z.string().nullable().openapi({ description: 'Why it was refused.' }),
    reason: z.string().nullable(),
    before: Stand.nullable(),
    after: Stand.nullable(),
    result: z.unknown(),
    repeats: z
      .array(Step.pick({ key: true, step: true, kind: true, status: true, attempt: true }))
      .nullable()
      .openapi({ description: 'Of a rewind: steps that have had effects since, and that may run again.' }),
    requestedAt: Time,
    finishedAt: Time.nullable(),
  })
  .openapi('Operation', { description: 'One row of the audit trail.' });

export const Operated = z
  .object({
    operation: z
      .union([Operation, z.null()])
      .openapi({ description: 'Null: there was nothing to do, as it had ended before it was to be cancelled.' }),
    instance: Instance.openapi({ description: 'As it stands afterwards.' }),
    blocked: z.object({ code: z.string(), words: z.string() }).nullable().openapi({
      description: 'Where nobody has come to it yet: why nobody will, if that can be told. A cause of `explain`.',
    }),
  })
  .openapi('Operated');

export const BulkBatch = z
  .object({
    key: z.string().openapi({ description: 'To go on with, or to repeat the batch: nothing is done twice.' }),
    matched: z.int().openapi({ description: 'Instances in this batch.' }),
    applied: z.int(),
    requested: z.int().openapi({ description: 'Asked for; whoever moves them has not come to it yet.' }),
    refused: z.array(z.object({ id: z.string(), code: z.string(), reason: z.string() })),
    next: z.string().nullable().openapi({ description: '`cursor` of the next batch; null after the last.' }),
  })
  .openapi('BulkBatch');

export const BulkCount = z
  .object({
    matched: z.int().openapi({ description: 'Instances that the filter finds; at most 10,000.' }),
    more: z.boolean().openapi({ description: 'There are more than `matched`.' }),
    sampled: z.int().openapi({ description: 'The newest ones, that were looked into for `states`.' }),
    states: z.array(
      z.object({
        workflow: z.string(),
        status: InstanceStatus,
        state: z.string(),
        sampled: z.int(),
        legal: z.int().openapi({ description: 'For so many of them it is legal now.' }),
        refused: z.record(z.string(), z.int()).openapi({ description: 'How often it is refused, by code.' }),
      }),
    ),
  })
  .openapi('BulkCount');

export const Export = z
  .looseObject({
    format: z.literal('durachart-export'),
    formatVersion: z.literal(1),
    exportedAt: Time,
    instance: z.looseObject({ id: z.string(), workflow: z.string() }),
    transitions: z.array(z.looseObject({ sequence: z.int() })),
    steps: z.array(z.looseObject({ key: z.string() })),
    timers: z.array(z.looseObject({ id: z.string() })),
    events: z.array(z.looseObject({ type: z.string() })),
    children: z.array(z.looseObject({ id: z.string() })).openapi({ description: 'Only which.' }),
  })
  .openapi('Export', {
    description:
      'Everything that is stored of an instance, with all that is in its context, inputs and outputs; times in milliseconds since 1970.',
  });
