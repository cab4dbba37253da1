import { z } from '@hono/zod-openapi';
import { Time } from './schemas.ts';

/** What the API sends of how it goes; docs/sql.md says what is counted. */

const Milliseconds = z.number().nullable();

export const Overview = z
  .object({
    throughput: z
      .array(z.object({ at: Time, workflow: z.string(), transitions: z.int(), started: z.int(), done: z.int() }))
      .openapi({ description: 'Oldest first; where nothing happened there is none.' }),
    bucketMs: z.int().openapi({ description: 'How long an entry of the throughput is.' }),
    failures: z
      .array(
        z.object({
          workflow: z.string(),
          errorCode: z.string().nullable(),
          state: z.string(),
          step: z.string().nullable(),
          instances: z.int(),
          lastAt: Time,
        }),
      )
      .openapi({ description: 'Of instances that are failed now.' }),
    stuck: z.array(z.object({ workflow: z.string(), reason: z.string(), instances: z.int(), since: Time })),
    load: z
      .array(
        z.object({
          workflow: z.string(),
          step: z.string(),
          queue: z.string().nullable(),
          queued: z.int(),
          running: z.int(),
          retrying: z.int(),
        }),
      )
      .openapi({ description: 'Steps in the hands of workers.' }),
  })
  .openapi('Overview');

export const WorkflowStatistics = z
  .object({
    steps: z.array(
      z.object({
        step: z.string(),
        count: z.int(),
        done: z.int(),
        failed: z.int(),
        retries: z.int(),
        p50Ms: Milliseconds,
        p95Ms: Milliseconds,
        p99Ms: Milliseconds,
        histogram: z
          .array(z.object({ fromMs: z.number(), count: z.int() }))
          .openapi({ description: 'Done ones that took from `fromMs` up to twice as long.' }),
      }),
    ),
    states: z.array(
      z.object({
        state: z.string(),
        entered: z.int(),
        exited: z.int(),
        p50Ms: Milliseconds,
        p95Ms: Milliseconds,
      }),
    ),
    versions: z
      .array(
        z.object({
          version: z.string(),
          instances: z.int(),
          active: z.int().openapi({ description: 'That are not done or cancelled.' }),
          failed: z.int(),
          firstAt: Time,
          lastAt: Time,
        }),
      )
      .openapi({ description: 'Of the instances that were started within the period, newest version first.' }),
    edges: z
      .array(z.object({ from: z.string().nullable(), event: z.string(), to: z.string(), taken: z.int().nullable() }))
      .openapi({ description: 'Of the definition; `taken` is null where the history cannot tell.' }),
  })
  .openapi('WorkflowStatistics');
