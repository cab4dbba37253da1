import { createRoute, z } from '@hono/zod-openapi';
import { DurachartError } from '../core/error.ts';
import { jsonBody } from './body.ts';
import { describeWorkflow, findWorkflow, summarizeWorkflow } from './describe-workflow.ts';
import { newApi, type Api } from './env.ts';
import { answer, IdempotencyKey, json, problems, WorkflowName } from './routes.ts';
import { Started, Workflow, WorkflowSummary } from './schemas.ts';

const listWorkflows = createRoute({
  method: 'get',
  path: '/workflows',
  summary: 'The workflows that this server knows',
  responses: { 200: answer('All of them', z.object({ items: z.array(WorkflowSummary) })), ...problems() },
});

const getWorkflow = createRoute({
  method: 'get',
  path: '/workflows/{name}',
  summary: 'One workflow: its input, events, steps and error codes',
  request: { params: WorkflowName },
  responses: { 200: answer('The workflow', Workflow), ...problems(404) },
});

const Start = z
  .strictObject({
    input: z.unknown().optional().openapi({ description: 'What the workflow is given.' }),
    id: z
      .string()
      .optional()
      .openapi({ description: 'Id of the new instance: letters, digits and `._~-`. Default: a new ULID.' }),
    tenant: z.string().min(1).max(200).optional(),
    tags: z.array(z.string().min(1).max(200)).max(20).optional(),
    priority: z.int().min(0).max(9).optional().openapi({ description: 'Higher ones are taken first. Default: 5.' }),
    startAt: z.iso.datetime({ offset: true }).optional().openapi({ description: 'Not before this time.' }),
  })
  .openapi('Start');

const startInstance = createRoute({
  method: 'post',
  path: '/workflows/{name}/instances',
  summary: 'Start an instance',
  description:
    'With an `Idempotency-Key` (or an `id`), repeating a request with the same input gives the same instance (200); another input is a 409.',
  request: { params: WorkflowName, headers: IdempotencyKey, body: { required: true, content: json(Start) } },
  responses: {
    200: answer('It was there already', Started),
    201: { ...answer('Started', Started), headers: z.object({ location: z.string() }) },
    ...problems(400, 404, 409, 413, 415, 422),
  },
  middleware: jsonBody,
});

/** What can be run, and starting it. */
export function workflows(): Api {
  return newApi()
    .openapi(listWorkflows, (c) => c.json({ items: c.var.engine.workflows.map(summarizeWorkflow) }, 200))
    .openapi(getWorkflow, (c) => {
      const { name } = c.req.valid('param');
      const workflow = findWorkflow(c.var.engine.workflows, name);
      if (workflow === undefined) {
        const known = c.var.engine.workflows.map((each) => each.name);
        throw new DurachartError(
          'UNKNOWN_WORKFLOW',
          `There is no workflow ${JSON.stringify(name)}. There are: ${known.join(', ')}.`,
          {
            details: { workflows: known },
          },
        );
      }
      return c.json(describeWorkflow(workflow), 200);
    })
    .openapi(startInstance, async (c) => {
      const { name } = c.req.valid('param');
      const { input, id, tenant, tags, priority, startAt } = c.req.valid('json');
      const key = c.req.valid('header')['idempotency-key'];
      const { id: started, created } = await c.var.engine.start(name, input, {
        ...(id === undefined ? {} : { id }),
        ...(key === undefined ? {} : { key }),
        ...(tenant === undefined ? {} : { tenant }),
        ...(tags === undefined ? {} : { tags }),
        ...(priority === undefined ? {} : { priority }),
        ...(startAt === undefined ? {} : { startAt: new Date(startAt) }),
      });
      c.header('location', `/instances/${encodeURIComponent(started)}`);
      return c.json({ id: started, workflow: name, created }, created ? 201 : 200);
    });
}
