import { createRoute, z } from '@hono/zod-openapi';
import { FINISHED } from '../engine/retention.ts';
import { jsonBody } from './body.ts';
import { newApi, type Api } from './env.ts';
import { answer, given, json, problems } from './routes.ts';
import { Retained } from './schemas.ts';

const Retention = z
  .strictObject({
    endedBefore: z.iso
      .datetime({ offset: true })
      .openapi({ format: 'date-time', description: 'Those that came to their end before.' }),
    workflow: z.string().min(1).max(200).optional(),
    state: z.string().min(1).max(1_000).optional(),
    status: z
      .array(z.enum(FINISHED))
      .min(1)
      .optional()
      .openapi({ description: 'Default: done and cancelled. Failed ones can still be retried.' }),
    archive: z.string().min(1).max(200).optional().openapi({
      description:
        'Beginning of the keys of the artifacts that they are written to first. Without it they are only deleted.',
    }),
    delete: z.literal(true).optional().openapi({ description: 'To be said where nothing is archived.' }),
    by: z.string().min(1).max(200).optional().openapi({ description: 'Who asks for it, for the record.' }),
    why: z.string().min(1).max(2_000).optional(),
    dryRun: z.boolean().optional().openapi({ description: 'Remove nothing, and count what would go.' }),
  })
  .refine(
    ({ archive, delete: deletes, dryRun }) => dryRun === true || (archive === undefined) === (deletes === true),
    'Say either archive or delete',
  )
  .openapi('Retention');

const postRetention = createRoute({
  method: 'post',
  path: '/retention',
  summary: 'Remove instances that have been finished long enough, archived first where asked for',
  description:
    'Never one that goes on, nor a child of one. Works for some seconds, oldest first, and says whether there is more: then ask again.',
  request: { body: { required: true, content: json(Retention) } },
  responses: { 200: answer('What was removed', Retained), ...problems(400, 413, 415, 422) },
  middleware: jsonBody,
});

/** Removing what is finished. */
export function retention(): Api {
  return newApi().openapi(postRetention, async (c) => {
    const { endedBefore, delete: _, ...options } = c.req.valid('json');
    return c.json(await c.var.engine.retention({ ...given(options), endedBefore: new Date(endedBefore) }), 200);
  });
}
