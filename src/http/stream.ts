import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { hasEnded } from '../engine/state.ts';
import { changeEvent } from './broadcast.ts';
import { newApi, type Api, type HttpEnv } from './env.ts';
import { InstanceId, problems } from './routes.ts';
import { Change as ChangeSchema } from './schemas.ts';
import { eventStream, OVER } from './server-sent-events.ts';
import { watchAll } from './watch-all.ts';

const Resume = {
  query: z.strictObject({
    after: z.string().max(200).optional().openapi({ description: 'Position to go on after. Default: from now.' }),
  }),
  headers: z.object({
    'last-event-id': z.string().max(200).optional().openapi({
      description: 'The same, as browsers send it when they reconnect; it wins.',
    }),
  }),
};

const EVENTS = {
  description:
    'Server-sent events `transition` (its `id` resumes the stream after it), `step`, `status` (where an instance stands after something that was no transition: paused, on again, failed where it stood, cancelled) and `end` (nothing more will come). `step` and `status` are not repeated when a stream is resumed. `problem` ends it, too: with `INVALID_CURSOR` the position is ahead of the database, as after a backup was restored. A comment every 15 seconds keeps the connection. Whoever comes back after either with the id that was sent last has a 204.',
  content: { 'text/event-stream': { schema: ChangeSchema } },
};

const OVER_AND_OUT = {
  description:
    '`Last-Event-ID` is that of a stream that has ended, and there is nothing more: an EventSource does not come back after it.',
};

const streamAll = createRoute({
  method: 'get',
  path: '/events',
  summary: 'Follow all instances',
  request: Resume,
  responses: { 200: EVENTS, 204: OVER_AND_OUT, ...problems(422) },
});

const streamInstance = createRoute({
  method: 'get',
  path: '/instances/{id}/events/stream',
  summary: 'Follow one instance until it ends',
  request: { params: InstanceId, ...Resume },
  responses: { 200: EVENTS, 204: OVER_AND_OUT, ...problems(404, 422) },
});

/** What happens, as it happens. */
export function streams(): Api {
  return newApi()
    .openapi(streamAll, (c) => {
      const header = c.req.valid('header');
      if (header['last-event-id'] === OVER) return c.body(null, 204);
      return watchAll(c, position(header, c.req.valid('query')).after);
    })
    .openapi(streamInstance, async (c) => {
      const { id } = c.req.valid('param');
      const header = c.req.valid('header');
      // While there still is a status to answer with.
      const { status, sequence } = await c.var.engine.get(id);
      const back = header['last-event-id'];
      if (back === OVER || (hasEnded(status) && back === String(sequence))) return c.body(null, 204);
      const from = position(header, c.req.valid('query'));
      return follow(c, { id, ...from }, from.after ?? String(sequence));
    });
}

function position(
  header: { 'last-event-id'?: string | undefined },
  query: { after?: string | undefined },
): { after?: string } {
  const after = header['last-event-id'] ?? query.after;
  return after === undefined || after === '' ? {} : { after };
}

function follow(
  c: Context<HttpEnv>,
  options: { id: string; after?: string },
  endsAt?: string,
): Promise<Response> | Response {
  return eventStream(c, (signal) => c.var.engine.subscribe({ ...options, signal }), changeEvent, endsAt);
}
