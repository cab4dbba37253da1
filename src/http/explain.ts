import { createRoute, z } from '@hono/zod-openapi';
import type * as engine from '../engine/explain/explanation.ts';
import { jsonBody } from './body.ts';
import { newApi, type Api } from './env.ts';
import { Explanation, Preview } from './explain-schemas.ts';
import { answer, InstanceId, json, problems } from './routes.ts';
import type * as api from './types.ts';

const explainInstance = createRoute({
  method: 'get',
  path: '/instances/{id}/explain',
  summary: 'Why an instance stands where it stands, and what can be done about it',
  request: { params: InstanceId },
  responses: { 200: answer('The explanation', Explanation), ...problems(404) },
});

const previewEvent = createRoute({
  method: 'post',
  path: '/instances/{id}/events/preview',
  summary: 'What an event would do, if it were sent now',
  description:
    'Nothing is sent, and nothing is written. An event that would not be taken is a 200 too, with the reason.',
  request: {
    params: InstanceId,
    body: {
      required: true,
      content: json(z.looseObject({ type: z.string().min(1).max(200) }).openapi('PreviewEvent')),
    },
  },
  responses: { 200: answer('What it would do', Preview), ...problems(400, 404, 413, 415, 422) },
  middleware: jsonBody,
});

/** Looking before anything is done: works without any worker. */
export function explanations(): Api {
  return newApi()
    .openapi(explainInstance, async (c) => {
      return c.json(presentExplanation(await c.var.engine.explain(c.req.valid('param').id)), 200);
    })
    .openapi(previewEvent, async (c) => {
      return c.json(await c.var.engine.preview(c.req.valid('param').id, c.req.valid('json')), 200);
    });
}

function presentExplanation(explanation: engine.Explanation): api.Explanation {
  return asJson(explanation);
}

/** A value as JSON gives it back. */
type Json<T> = T extends Date ? string : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

function asJson<T>(value: T): Json<T> {
  return JSON.parse(JSON.stringify(value)) as Json<T>;
}
