import { createRoute } from '@hono/zod-openapi';
import { newApi, type Api } from './env.ts';
import { answer, problems } from './routes.ts';
import { Reconciled } from './schemas.ts';

const postReconcile = createRoute({
  method: 'post',
  path: '/reconcile',
  summary: 'Look at once for what was lost, and go on with it',
  description:
    'Frees what dead processes held, and gets somebody to look at instances that are due and at those whose runs on Trigger.dev were lost. Workers and the sweep do it by themselves; safe to repeat.',
  responses: { 200: answer('What was found', Reconciled), ...problems() },
});

/** Finding what was lost. */
export function reconcile(): Api {
  return newApi().openapi(postReconcile, async (c) => c.json(await c.var.engine.reconcile(), 200));
}
