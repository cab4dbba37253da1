import { createRoute, z } from '@hono/zod-openapi';
import { newApi, type Api, type Services } from './env.ts';
import { presentEntry, presentInstance, presentPage, presentStepDetail, presentSummary } from './present.ts';
import { answer, InstanceId, integer, page, problems, text } from './routes.ts';
import { HistoryEntry, Instance, InstanceStatus, InstanceSummary, Snapshot, StepDetail } from './schemas.ts';

const Filters = z.strictObject({
  workflow: text(),
  status: InstanceStatus.optional(),
  state: text(),
  tag: text(),
  tenant: text(),
  parentId: text(),
  limit: integer(1, 500),
  cursor: text(),
});

const listInstances = createRoute({
  method: 'get',
  path: '/instances',
  summary: 'Instances, newest first',
  request: { query: Filters },
  responses: { 200: answer('A page of them', page(InstanceSummary)), ...problems(422) },
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
  summary: 'The invocations of an instance, oldest first, with attempts, errors and log lines',
  request: { params: InstanceId },
  responses: { 200: answer('All of them', z.object({ items: z.array(StepDetail) })), ...problems(404) },
});

const getSnapshot = createRoute({
  method: 'get',
  path: '/instances/{id}/snapshots/{sequence}',
  summary: 'The snapshot after a transition',
  request: { params: InstanceId.extend({ sequence: integer(0, 2_147_483_647).pipe(z.int()) }) },
  responses: { 200: answer('The snapshot', Snapshot), ...problems(404, 422) },
});

/** Reading: works without any worker. */
export function instances({ engine }: Services): Api {
  return newApi()
    .openapi(listInstances, async (c) => {
      const filters = c.req.valid('query');
      return c.json(presentPage(await engine.list(given(filters)), presentSummary), 200);
    })
    .openapi(getInstance, async (c) => c.json(presentInstance(await engine.get(c.req.valid('param').id)), 200))
    .openapi(getHistory, async (c) => {
      const history = await engine.history(c.req.valid('param').id, given(c.req.valid('query')));
      return c.json(presentPage(history, presentEntry), 200);
    })
    .openapi(getSteps, async (c) => {
      const steps = await engine.steps(c.req.valid('param').id);
      return c.json({ items: steps.map(presentStepDetail) }, 200);
    })
    .openapi(getSnapshot, async (c) => {
      const { id, sequence } = c.req.valid('param');
      return c.json(await engine.snapshot(id, sequence), 200);
    });
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** An object without what is undefined. */
function given<T extends object>(options: T): Given<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>;
}
