import { createRoute, z } from '@hono/zod-openapi';
import { DurachartError } from '../core/error.ts';
import { jsonBody } from './body.ts';
import { newApi, type Api } from './env.ts';
import { Problem } from './problem.ts';
import { answer, IdempotencyKey, InstanceId, integer, json, problems } from './routes.ts';
import { Sent } from './schemas.ts';

const DEFAULT_WAIT_MS = 30_000;
const MAX_WAIT_MS = 600_000;

const SendEvent = z.looseObject({ type: z.string().min(1).max(200) }).openapi('SendEvent', {
  description: 'The event: its type, and its payload beside it.',
  example: { type: 'approve', by: 'ada' },
});

const sendEvent = createRoute({
  method: 'post',
  path: '/instances/{id}/events',
  summary: 'Send an event',
  description: 'Answers once the event is stored. Events with the same `Idempotency-Key` are taken once.',
  request: { params: InstanceId, headers: IdempotencyKey, body: { required: true, content: json(SendEvent) } },
  responses: { 202: answer('It is in the inbox', Sent), ...problems(400, 404, 409, 413, 415, 422) },
  middleware: jsonBody,
});

const getResult = createRoute({
  method: 'get',
  path: '/instances/{id}/result',
  summary: 'Wait for the end of an instance, and get its output',
  description: 'A failed or cancelled instance is a 409, with its error; one that goes on beyond the timeout a 408.',
  request: {
    params: InstanceId,
    query: z.strictObject({
      timeout: integer(0, MAX_WAIT_MS).openapi({ description: `Milliseconds. Default: ${DEFAULT_WAIT_MS}.` }),
    }),
  },
  responses: { 200: answer('It is done', z.object({ output: z.unknown() })), ...problems(404, 408, 409, 422) },
});

/** Sending to instances, and waiting for them. */
export function commands(): Api {
  return newApi()
    .openapi(sendEvent, async (c) => {
      const { id } = c.req.valid('param');
      const key = c.req.valid('header')['idempotency-key'];
      const { duplicate } = await c.var.engine.send(id, c.req.valid('json'), key === undefined ? {} : { key });
      return c.json({ duplicate }, 202);
    })
    .openapi(getResult, async (c) => {
      const { id } = c.req.valid('param');
      const timeout = c.req.valid('query').timeout ?? DEFAULT_WAIT_MS;
      const stopping = c.env?.stopping;
      const signal = AbortSignal.any([c.req.raw.signal, ...(stopping === undefined ? [] : [stopping])]);
      try {
        const output = await c.var.engine.result<unknown>(id, { timeout, signal });
        return c.json({ output: output ?? null }, 200);
      } catch (error) {
        if (signal.aborted && !(error instanceof DurachartError)) {
          throw new Problem('STOPPING', 'The server is stopping. Ask again in a moment.', {
            headers: { 'retry-after': '2' },
          });
        }
        throw error;
      }
    });
}
