import { createRoute, z } from '@hono/zod-openapi';
import { jsonBodyOf } from './body.ts';
import { newApi, type Api } from './env.ts';
import { Asked, Export, Operated } from './operation-schemas.ts';
import { madeBy, operated } from './operations.ts';
import { answer, given, IdempotencyKey, InstanceId, json, problems } from './routes.ts';
import type * as api from './types.ts';

/** An export of a long history. */
const IMPORT_LIMIT = 64 * 1024 * 1024;

const exportInstance = createRoute({
  method: 'get',
  path: '/instances/{id}/export',
  summary: 'Everything that is stored of an instance, as one document',
  description:
    'It holds the context, the inputs and the outputs with all that is in them: treat it as you treat the database.',
  request: { params: InstanceId },
  responses: { 200: answer('The document', Export), ...problems(404) },
});

const importInstance = createRoute({
  method: 'post',
  path: '/instances/import',
  summary: 'Make a new instance of an export, with its history; nothing of it runs by itself',
  description:
    'It stands where the exported one stood, paused, or failed or ended as that one was. `unpause`, `rewind` and `fork` go on from there. Of children an export has only the ids.',
  request: {
    headers: IdempotencyKey,
    body: {
      required: true,
      content: json(
        Asked.extend({
          document: z.unknown().openapi({ description: 'What `GET /instances/{id}/export` has given.' }),
          id: z.string().optional().openapi({ description: 'Of the new instance. Default: a new ULID.' }),
          from: z.int().min(1).max(2_147_483_647).optional().openapi({
            description: 'The transition after which it stands. Default: where the exported one stood.',
          }),
        }),
      ),
    },
  },
  responses: { 200: answer('The new instance', Operated), ...problems(400, 404, 409, 413, 415, 422) },
  middleware: jsonBodyOf(IMPORT_LIMIT),
});

/** Taking instances from one installation to another. */
export function transfers(): Api {
  return newApi()
    .openapi(exportInstance, async (c) => {
      const { id } = c.req.valid('param');
      const document = await c.var.engine.export(id);
      c.header('content-disposition', `attachment; filename="${id}.json"`);
      return c.json(document as unknown as api.Export, 200);
    })
    .openapi(importInstance, async (c) => {
      const { document, ...options } = c.req.valid('json');
      const key = c.req.valid('header')['idempotency-key'];
      const { id } = await c.var.engine.import(document, given({ ...options, key }));
      return c.json(await operated(c.var.engine, id, await madeBy(c.var.engine, id, 'import')), 200);
    });
}
