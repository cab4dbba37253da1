import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Health } from '../engine/api.ts';
import { trouble, troubleOfEmbedded } from '../engine/trouble.ts';
import { newApi, type Api, type HttpEnv, type Services } from './env.ts';
import { presentHealth } from './present.ts';
import { answer } from './routes.ts';
import { Ready } from './schemas.ts';

/** A database that takes longer is as good as none. */
const PATIENCE_MS = 3_000;

const live = createRoute({
  method: 'get',
  path: '/health/live',
  summary: 'The process answers',
  responses: { 200: answer('It does', z.object({ status: z.literal('live'), version: z.string() })) },
});

const ready = createRoute({
  method: 'get',
  path: '/health/ready',
  summary: 'The database answers and takes writes',
  responses: { 200: answer('It does', Ready), 503: answer('It does not', Ready) },
});

/** For monitors. @param mayKnow whether who asks may know the workers */
export function health(
  { version, dashboard, embeddedTrouble }: Services,
  mayKnow: (c: Context<HttpEnv>) => Promise<boolean>,
): Api {
  return newApi()
    .openapi(live, (c) => c.json({ status: 'live' as const, version }, 200))
    .openapi(ready, async (c) => {
      const knows = await mayKnow(c).catch(() => false);
      const met = await patiently(c.var.engine.health());
      const down = embeddedTrouble();
      const health =
        met.database || down === undefined ? met : { ...met, trouble: troubleOfEmbedded(knows ? down : '') };
      const found = presentHealth(health, dashboard);
      const { dashboard: _, remoteTrouble, ...open } = found;
      // That it is away, but not where it is.
      const away = remoteTrouble == null ? {} : { remoteTrouble: { ...remoteTrouble, detail: 'It does not answer.' } };
      const shown = knows ? found : { ...open, ...away, workers: [] };
      return c.json(shown, found.status === 'ready' ? 200 : 503);
    });
}

async function patiently(health: Promise<Health>): Promise<Health> {
  const away: Health = { database: false, latencyMs: null, trouble: trouble('NOT_ANSWERING'), workers: [] };
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<Health>((resolve) => {
    timer = setTimeout(() => resolve(away), PATIENCE_MS);
  });
  try {
    return await Promise.race([health.catch(() => away), impatience]);
  } finally {
    clearTimeout(timer);
  }
}
