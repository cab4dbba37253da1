import { createRoute, z } from '@hono/zod-openapi';
import { PERIODS, type Period, type WorkflowStatistics as WorkflowStatisticsView } from '../engine/statistics.ts';
import { newApi, type Api } from './env.ts';
import { answer, problems, WorkflowName } from './routes.ts';
import { Overview, WorkflowStatistics } from './statistics-schemas.ts';
import type * as api from './types.ts';

const Within = z.strictObject({
  period: z
    .enum(Object.keys(PERIODS) as [Period, ...Period[]])
    .optional()
    .openapi({ description: 'How far to look back. Default: 1d.' }),
});

const getOverview = createRoute({
  method: 'get',
  path: '/statistics',
  summary: 'How it goes: throughput, failures by code, what is stuck, what runs',
  request: { query: Within },
  responses: { 200: answer('The statistics', Overview), ...problems(422) },
});

const getWorkflowStatistics = createRoute({
  method: 'get',
  path: '/workflows/{name}/statistics',
  summary: 'How it goes with one workflow: its steps, states and transitions',
  request: { params: WorkflowName, query: Within },
  responses: { 200: answer('The statistics', WorkflowStatistics), ...problems(404, 422) },
});

/** The views of docs/sql.md that the inspector shows. */
export function statistics(): Api {
  return newApi()
    .openapi(getOverview, async (c) => {
      const overview = await c.var.engine.overview(c.req.valid('query').period);
      const shown: api.Overview = {
        ...overview,
        throughput: overview.throughput.map((bucket) => ({ ...bucket, at: bucket.at.toISOString() })),
        failures: overview.failures.map((failure) => ({ ...failure, lastAt: failure.lastAt.toISOString() })),
        stuck: overview.stuck.map((stuck) => ({ ...stuck, since: stuck.since.toISOString() })),
      };
      return c.json(shown, 200);
    })
    .openapi(getWorkflowStatistics, async (c) =>
      c.json(
        presentWorkflow(await c.var.engine.statistics(c.req.valid('param').name, c.req.valid('query').period)),
        200,
      ),
    );
}

function presentWorkflow({ versions, ...rest }: WorkflowStatisticsView): api.WorkflowStatistics {
  return {
    ...rest,
    versions: versions.map(({ firstAt, lastAt, ...version }) => ({
      ...version,
      firstAt: firstAt.toISOString(),
      lastAt: lastAt.toISOString(),
    })),
  };
}
