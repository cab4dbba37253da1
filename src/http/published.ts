import { createRoute, z } from '@hono/zod-openapi';
import type { PublishedEvent as PublishedRecord } from '../engine/events/event-store.ts';
import { jsonBody } from './body.ts';
import { newApi, type Api } from './env.ts';
import { presentPage } from './present.ts';
import { answer, given, IdempotencyKey, integer, json, page, problems, text } from './routes.ts';
import { Time } from './schemas.ts';
import type * as api from './types.ts';

export const PublishedEvent = z
  .object({
    id: z.int(),
    name: z.string(),
    payload: z.unknown(),
    key: z.string().nullable(),
    source: z.string().nullable().openapi({ description: 'The instance that published it; null for the outside.' }),
    publishedAt: Time,
    deliveredAt: Time.nullable().openapi({ description: 'When the last one was reached; null while it is under way.' }),
    started: z.array(z.string()).openapi({ description: 'Ids of the instances that it started.' }),
    reached: z.int().openapi({ description: 'How many instances it was sent to.' }),
    problems: z
      .array(z.object({ workflow: z.string(), code: z.string(), message: z.string() }))
      .openapi({ description: 'Subscribers whose own code could not take it.' }),
  })
  .openapi('PublishedEvent');

export const Published = PublishedEvent.extend({
  duplicate: z.boolean().openapi({ description: 'True when the key was used before: nothing happened again.' }),
}).openapi('Published');

const publish = createRoute({
  method: 'post',
  path: '/events',
  summary: 'Publish an event to all who subscribe to it',
  description:
    'Every workflow that it starts is started once, and the instances that wait for it are sent it. Published again with the same `Idempotency-Key`, it is the same event.',
  request: {
    headers: IdempotencyKey,
    body: {
      required: true,
      content: json(
        z
          .strictObject({ name: z.string().min(1).max(200), payload: z.unknown() })
          .openapi('Publish', { example: { name: 'user.created', payload: { userId: '42' } } }),
      ),
    },
  },
  responses: {
    201: answer('It is published', Published),
    200: answer('It had been published with this key', Published),
    ...problems(400, 409, 413, 415, 422),
  },
  middleware: jsonBody,
});

const list = createRoute({
  method: 'get',
  path: '/events/published',
  summary: 'Published events, newest first, and what came of them',
  request: { query: z.strictObject({ name: text(), limit: integer(1, 500), cursor: text() }) },
  responses: { 200: answer('A page of them', page(PublishedEvent)), ...problems(422) },
});

const get = createRoute({
  method: 'get',
  path: '/events/published/{id}',
  summary: 'A published event, and what came of it',
  request: {
    params: z.object({
      id: z
        .string()
        .regex(/^\d{1,15}$/)
        .transform(Number)
        .openapi({ param: { name: 'id', in: 'path' }, type: 'integer', example: 17 }),
    }),
  },
  responses: { 200: answer('The event', PublishedEvent), ...problems(404, 422) },
});

/** Events that are published to whoever subscribes to them. */
export function published(): Api {
  return newApi()
    .openapi(publish, async (c) => {
      const { name, payload } = c.req.valid('json');
      const key = c.req.valid('header')['idempotency-key'];
      const { id, duplicate } = await c.var.engine.publish(name, payload, given({ key }));
      const event = presentPublished(await c.var.engine.publishedEvent(id));
      return c.json({ ...event, duplicate }, duplicate ? 200 : 201);
    })
    .openapi(list, async (c) =>
      c.json(presentPage(await c.var.engine.publishedEvents(given(c.req.valid('query'))), presentPublished), 200),
    )
    .openapi(get, async (c) =>
      c.json(presentPublished(await c.var.engine.publishedEvent(c.req.valid('param').id)), 200),
    );
}

function presentPublished({ publishedAt, deliveredAt, payload, ...event }: PublishedRecord): api.PublishedEvent {
  return {
    ...event,
    payload: payload ?? null,
    publishedAt: publishedAt.toISOString(),
    deliveredAt: deliveredAt?.toISOString() ?? null,
  };
}
