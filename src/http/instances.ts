import { createRoute, z } from '@hono/zod-openapi';
import { CONDITIONS } from '../engine/api.ts';
import { newApi, type Api } from './env.ts';
import { presentEntry, presentInstance, presentPage, presentStepDetail, presentSummary } from './present.ts';
import { answer, given, InstanceId, integer, page, problems, text, time } from './routes.ts';
import {
  Count,
  HistoryEntry,
  Instance,
  InstanceStatus,
  InstanceSummary,
  Snapshot,
  StepDetail,
  StepStatus,
} from './schemas.ts';

/** Which instances. */
export const InstanceFilters = z.strictObject({
  workflow: text(),
  status: InstanceStatus.optional(),
  state: text(),
  tag: text(),
  tenant: text(),
  parentId: text(),
  errorCode: text(),
  step: text().openapi({ description: 'That it waits for, or failed at.' }),
  is: z.enum(CONDITIONS).optional().openapi({ description: 'In the view of that name: see docs/sql.md.' }),
  since: time().openapi({ description: 'Started then or later.' }),
  until: time().openapi({ description: 'Started before.' }),
});

const Filters = InstanceFilters.extend({ limit: integer(1, 500), cursor: text() });

const listInstances = createRoute({
  method: 'get',
  path: '/instances',
  summary: 'Instances, newest first',
  request: { query: Filters },
  responses: { 200: answer('A page of them', page(InstanceSummary)), ...problems(422) },
});

const countInstances = createRoute({
  method: 'get',
  path: '/instances/counts',
  summary: 'How many instances there are, by workflow, status and state',
  request: { query: Filters.pick({ workflow: true, status: true, state: true }) },
  responses: { 200: answer('The counts', z.object({ items: z.array(Count) })), ...problems(422) },
});

const getInstance = createRoute({
  method: 'get',
  path: '/instances/{id}',
  summary: 'One instance whole',
  request: { params: InstanceId },
  responses: { 200: answer('The instance', Instance), ...problems(404) },
});

const getHistory = createRoute({
  method: 'get',
  path: '/instances/{id}/history',
  summary: 'The transitions of an instance, oldest first',
  request: { params: InstanceId, query: z.strictObject({ limit: integer(1, 500), cursor: text() }) },
  responses: { 200: answer('A page of them', page(HistoryEntry)), ...problems(404, 422) },
});

const getSteps = createRoute({
  method: 'get',
  path: '/instances/{id}/steps',
  summary: 'The invocations of an instance, oldest first, with attempts, errors and log lines; of a fan-out one',
  request: { params: InstanceId },
  responses: { 200: answer('All of them', z.object({ items: z.array(StepDetail) })), ...problems(404) },
});

const getItems = createRoute({
  method: 'get',
  path: '/instances/{id}/steps/{step}/items',
  summary: 'The items of a fan-out, in order of their index',
  request: {
    params: InstanceId.extend({
      step: z.string().openapi({
        param: { name: 'step', in: 'path' },
        description: 'Key of the fan-out, or the name of its step.',
        example: '2:render',
      }),
    }),
    query: z.strictObject({ status: StepStatus.optional(), limit: integer(1, 500), cursor: text() }),
  },
  responses: { 200: answer('A page of them', page(StepDetail)), ...problems(404, 422) },
});

const getSnapshot = createRoute({
  method: 'get',
  path: '/instances/{id}/snapshots/{sequence}',
  summary: 'The snapshot after a transition',
  request: { params: InstanceId.extend({ sequence: integer(0, 2_147_483_647).pipe(z.int()) }) },
  responses: { 200: answer('The snapshot', Snapshot), ...problems(404, 422) },
});

const getPayload = createRoute({
  method: 'get',
  path: '/instances/{id}/payloads/{sha256}',
  summary: 'A value of more than 256 KB, as JSON',
  description:
    'Where an input, an output, an event or a field of the context is so large, its place has `{"$durachart":"payload",…}` with a `link` to here.',
  request: {
    params: InstanceId.extend({ sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits') }),
  },
  responses: { 200: answer('The value', z.unknown()), ...problems(403, 404, 422, 503) },
});

/** Reading: works without any worker. */
export function instances(): Api {
  return newApi()
    .openapi(listInstances, async (c) => {
      const filters = c.req.valid('query');
      return c.json(presentPage(await c.var.engine.list(given(filters)), presentSummary), 200);
    })
    .openapi(countInstances, async (c) =>
      c.json({ items: await c.var.engine.counts(given(c.req.valid('query'))) }, 200),
    )
    .openapi(getInstance, async (c) => c.json(presentInstance(await c.var.engine.get(c.req.valid('param').id)), 200))
    .openapi(getHistory, async (c) => {
      const history = await c.var.engine.history(c.req.valid('param').id, given(c.req.valid('query')));
      return c.json(presentPage(history, presentEntry), 200);
    })
    .openapi(getSteps, async (c) => {
      const steps = await c.var.engine.steps(c.req.valid('param').id);
      return c.json({ items: steps.map(presentStepDetail) }, 200);
    })
    .openapi(getItems, async (c) => {
      const { id, step } = c.req.valid('param');
      return c.json(
        presentPage(await c.var.engine.items(id, step, given(c.req.valid('query'))), presentStepDetail),
        200,
      );
    })
    .openapi(getPayload, async (c) => {
      const { id, sha256 } = c.req.valid('param');
      // It never changes.
      c.header('cache-control', 'private, max-age=31536000, immutable');
      return c.json((await c.var.engine.payload(id, sha256)) as object, 200);
    })
    .openapi(getSnapshot, async (c) => {
      const { id, sequence } = c.req.valid('param');
      return c.json(await c.var.engine.snapshot(id, sequence), 200);
    });
}
