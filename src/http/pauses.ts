import { createRoute, z } from '@hono/zod-openapi';
import type { Paused as PausedRecord, PauseTarget } from '../engine/operations/records.ts';
import { optionalJsonBody } from './body.ts';
import { newApi, type Api } from './env.ts';
import { Asked, Operation } from './operation-schemas.ts';
import { presentOperation } from './present.ts';
import { answer, IdempotencyKey, json, problems, WorkflowName } from './routes.ts';
import { Time } from './schemas.ts';
import type * as api from './types.ts';

export const Paused = z
  .object({
    target: z.enum(['workflow', 'queue', 'schedule']),
    name: z.string(),
    by: z.string(),
    why: z.string().nullable(),
    since: Time,
  })
  .openapi('Paused');

const QueueName = z.object({ name: z.string().openapi({ param: { name: 'name', in: 'path' }, example: 'llm' }) });

/** A route that pauses something as a whole, or lets it go on. */
function route(operation: 'pause' | 'unpause', target: 'workflow' | 'queue' | 'schedule', summary: string) {
  return createRoute({
    method: 'post',
    path: `/${target}s/{name}/${operation}`,
    summary,
    request: {
      params: target === 'workflow' ? WorkflowName : QueueName,
      headers: IdempotencyKey,
      body: { required: false, content: json(Asked) },
    },
    responses: { 200: answer('The operation', Operation), ...problems(400, 404, 409, 413, 415, 422) },
    middleware: optionalJsonBody,
  });
}

const ROUTES = [
  ['pause', 'workflow', 'Move no instance of a workflow; what runs may end'],
  ['unpause', 'workflow', 'Let a paused workflow go on'],
  ['pause', 'queue', 'Begin no step of a queue; what runs may end'],
  ['unpause', 'queue', 'Let a paused queue go on'],
  ['pause', 'schedule', 'Start nothing by a schedule'],
  ['unpause', 'schedule', 'Let a paused schedule go on'],
] as const;

const listPauses = createRoute({
  method: 'get',
  path: '/pauses',
  summary: 'The workflows, queues and schedules that are paused',
  responses: { 200: answer('All of them', z.object({ items: z.array(Paused) })), ...problems() },
});

/** Pausing whole workflows, queues and schedules, for all processes. */
export function pauses(): Api {
  const routes = newApi();
  for (const [operation, target, summary] of ROUTES) {
    routes.openapi(route(operation, target, summary), async (c) => {
      const { name } = c.req.valid('param');
      const { by, why } = c.req.valid('json');
      const key = c.req.valid('header')['idempotency-key'];
      const what = { [target]: name } as PauseTarget;
      return c.json(presentOperation(await c.var.engine[operation](what, { by, why, key })), 200);
    });
  }
  return routes.openapi(listPauses, async (c) =>
    c.json({ items: (await c.var.engine.pauses()).map(presentPause) }, 200),
  );
}

function presentPause({ since, ...pause }: PausedRecord): api.Paused {
  return { ...pause, since: since.toISOString() };
}
