import { createRoute, z } from '@hono/zod-openapi';
import type { ScheduleView } from '../engine/schedules/schedule-store.ts';
import { optionalJsonBody } from './body.ts';
import { newApi, type Api } from './env.ts';
import { Asked, Operation } from './operation-schemas.ts';
import { presentOperation } from './present.ts';
import { answer, IdempotencyKey, json, problems } from './routes.ts';
import { InstanceStatus, Time } from './schemas.ts';
import type * as api from './types.ts';

export const Schedule = z
  .object({
    id: z.string().openapi({ example: 'winner-refresh/weekly' }),
    workflow: z.string(),
    name: z.string(),
    cron: z.string(),
    timezone: z.string(),
    jitter: z.int().openapi({ description: 'Milliseconds.' }),
    missed: z.enum(['skip', 'once', 'all']),
    overlap: z.enum(['allow', 'skip', 'cancel']),
    paused: z.object({ by: z.string(), why: z.string().nullable(), since: Time }).nullable(),
    next: z.array(Time).openapi({ description: 'The next times, jitter included.' }),
    last: z
      .object({
        at: Time,
        outcome: z.enum(['started', 'missed', 'overlap', 'paused', 'failed']),
        message: z.string().nullable(),
      })
      .nullable()
      .openapi({ description: 'The last time that was dealt with, and how.' }),
    instances: z
      .array(z.object({ id: z.string(), status: InstanceStatus, state: z.string(), startedAt: Time }))
      .openapi({ description: 'The last instances that it started, newest first.' }),
    started: z.int(),
    skipped: z.int().openapi({ description: 'Times that were left out.' }),
  })
  .openapi('Schedule');

const list = createRoute({
  method: 'get',
  path: '/schedules',
  summary: 'The schedules: when they come next, and what came of them',
  responses: { 200: answer('All of them', z.object({ items: z.array(Schedule) })), ...problems() },
});

const run = createRoute({
  method: 'post',
  path: '/schedules/{name}/run',
  summary: 'Start an instance of a schedule now',
  description: 'The record has the id of the instance in `result.started`.',
  request: {
    params: z.object({
      name: z.string().openapi({ param: { name: 'name', in: 'path' }, example: 'winner-refresh/weekly' }),
    }),
    headers: IdempotencyKey,
    body: { required: false, content: json(Asked) },
  },
  responses: { 200: answer('The operation', Operation), ...problems(400, 404, 409, 413, 415, 422) },
  middleware: optionalJsonBody,
});

/** Schedules; they are paused beside workflows and queues. */
export function schedules(): Api {
  return newApi()
    .openapi(list, async (c) => c.json({ items: (await c.var.engine.schedules()).map(presentSchedule) }, 200))
    .openapi(run, async (c) => {
      const { by, why } = c.req.valid('json');
      const key = c.req.valid('header')['idempotency-key'];
      const record = await c.var.engine.runSchedule(c.req.valid('param').name, { by, why, key });
      return c.json(presentOperation(record), 200);
    });
}

function presentSchedule({ paused, next, last, instances, ...schedule }: ScheduleView): api.Schedule {
  return {
    ...schedule,
    paused: paused === null ? null : { ...paused, since: paused.since.toISOString() },
    next: next.map((time) => time.toISOString()),
    last: last === null ? null : { ...last, at: last.at.toISOString() },
    instances: instances.map(({ status, startedAt, ...instance }) => ({
      ...instance,
      status: status as api.InstanceStatus,
      startedAt: startedAt.toISOString(),
    })),
  };
}
