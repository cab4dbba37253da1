import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { DurachartError } from '../core/error.ts';
import { jsonBody } from './body.ts';
import { newApi, type Api, type HttpEnv } from './env.ts';
import { Problem } from './problem.ts';
import { answer, IdempotencyKey, InstanceId, integer, json, problems } from './routes.ts';
import { Sent, SentOutcome } from './schemas.ts';

const DEFAULT_WAIT_MS = 30_000;
const MAX_WAIT_MS = 600_000;
const SEND_WAIT_MS = 60_000;

const SendEvent = z.looseObject({ type: z.string().min(1).max(200) }).openapi('SendEvent', {
  description: 'The event: its type, and its payload beside it.',
  example: { type: 'approve', by: 'ada' },
});

const SendWait = z.strictObject({
  wait: integer(0, SEND_WAIT_MS).openapi({
    description: 'Milliseconds to wait until it is taken or ignored; the answer then says so. Default: not at all.',
  }),
});

const sendEvent = createRoute({
  method: 'post',
  path: '/instances/{id}/events',
  summary: 'Send an event',
  description:
    'Answers once the event is stored, or, with `wait`, with what came of it. An event that no state will take, as far as that is known, is a 409 that names those that will be. Events with the same `Idempotency-Key` are taken once.',
  request: {
    params: InstanceId,
    query: SendWait,
    headers: IdempotencyKey,
    body: { required: true, content: json(SendEvent) },
  },
  responses: {
    200: answer('It is taken or ignored', SentOutcome),
    202: answer('It is in the inbox', z.union([Sent, SentOutcome])),
    ...problems(400, 404, 409, 413, 415, 422),
  },
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
      const { wait } = c.req.valid('query');
      const event = c.req.valid('json');
      if (wait === undefined) return c.json(await c.var.engine.send(id, event, { key }), 202);
      const sent = await c.var.engine.send(id, event, { key, wait, signal: untilGone(c) });
      return sent.outcome === 'pending' ? c.json(sent, 202) : c.json(sent, 200);
    })
    .openapi(getResult, async (c) => {
      const { id } = c.req.valid('param');
      const timeout = c.req.valid('query').timeout ?? DEFAULT_WAIT_MS;
      const signal = untilGone(c);
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

/** Nothing is waited for beyond the end of the server or the patience of the client. */
function untilGone(c: Context<HttpEnv>): AbortSignal {
  const stopping = c.env?.stopping;
  return AbortSignal.any([c.req.raw.signal, ...(stopping === undefined ? [] : [stopping])]);
}
