import { createRoute, z } from '@hono/zod-openapi';
import type { BulkFilter } from '../engine/operations/bulk.ts';
import type { OperationRequest } from '../engine/operations/records.ts';
import { jsonBody } from './body.ts';
import { newApi, type Api } from './env.ts';
import { InstanceFilters } from './instances.ts';
import { Asked, BulkBatch, BulkCount, Requested } from './operation-schemas.ts';
import { DEFAULT_WAIT_MS, Wait } from './operations.ts';
import { answer, given, IdempotencyKey, json, problems } from './routes.ts';

const operateInBulk = createRoute({
  method: 'post',
  path: '/operations/bulk',
  summary: 'Do an operation to the instances that a filter finds, one batch a request',
  description:
    'Begin with `dryRun`: it counts. Then repeat the request with the `next` of the answer as `cursor`, and its `key` as `Idempotency-Key`, until `next` is null; after an interruption, too.',
  request: {
    query: Wait,
    headers: IdempotencyKey,
    body: {
      required: true,
      content: json(
        Asked.extend({
          request: Requested,
          filter: InstanceFilters.optional(),
          all: z.boolean().optional().openapi({ description: 'Needed where the filter has nothing in it.' }),
          dryRun: z.boolean().optional().openapi({ description: 'Only count them.' }),
          limit: z.int().min(1).max(500).optional().openapi({ description: 'Instances in a batch. Default: 100.' }),
          cursor: z.string().max(1_000).optional(),
        }),
      ),
    },
  },
  responses: {
    200: answer('What the batch did, or for `dryRun` the count', z.union([BulkBatch, BulkCount])),
    ...problems(400, 413, 415, 422),
  },
  middleware: jsonBody,
});

/** Moving many instances by hand. */
export function bulk(): Api {
  return newApi().openapi(operateInBulk, async (c) => {
    const { request, filter = {}, dryRun, ...options } = c.req.valid('json');
    const which: BulkFilter = given(filter);
    const operation = request as OperationRequest;
    if (dryRun === true) return c.json(await c.var.engine.bulk(operation, which, { ...options, dryRun }), 200);
    const key = c.req.valid('header')['idempotency-key'];
    const wait = c.req.valid('query').wait ?? DEFAULT_WAIT_MS;
    return c.json(await c.var.engine.bulk(operation, which, { ...options, key, wait }), 200);
  });
}
