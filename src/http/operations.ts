import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Engine } from '../engine/api.ts';
import type { ForkOptions } from '../engine/operations/fork.ts';
import type { OperationRecord, OperationRequest } from '../engine/operations/records.ts';
import { jsonBody, optionalJsonBody } from './body.ts';
import { newApi, type Api, type HttpEnv } from './env.ts';
import { ARGUMENTS, Asked, Operated, Operation, Patch } from './operation-schemas.ts';
import { presentInstance, presentOperation, presentPage } from './present.ts';
import { Problem } from './problem.ts';
import { answer, given, IdempotencyKey, InstanceId, integer, json, page, problems, text } from './routes.ts';
import type * as api from './types.ts';

export const DEFAULT_WAIT_MS = 5_000;
const MAX_WAIT_MS = 60_000;

export const Wait = z.strictObject({
  wait: integer(0, MAX_WAIT_MS).openapi({
    description: `Milliseconds to wait until it is done or refused. Default: ${DEFAULT_WAIT_MS}.`,
  }),
});

const DONE = answer('It is done', Operated);
const REQUESTED = answer('It is asked for; whoever moves the instance has not come to it yet', Operated);

/** An operation on one instance, as a route: what it takes beside who and why, and whether that may be left out. */
function move<Body extends z.ZodObject>(operation: string, summary: string, body: Body, required = false) {
  return createRoute({
    method: 'post',
    path: `/instances/{id}/${operation}`,
    summary,
    description:
      'Recorded with who and why. Where it is not legal it is a 409 that says why, and nothing changes. With the same `Idempotency-Key` it is done once.',
    request: { params: InstanceId, query: Wait, headers: IdempotencyKey, body: { required, content: json(body) } },
    responses: { 200: DONE, 202: REQUESTED, ...problems(400, 404, 409, 413, 415, 422) },
    middleware: required ? jsonBody : optionalJsonBody,
  });
}

const MOVES = {
  retry: move('retry', 'Give the failed step of a failed instance fresh attempts', Asked),
  resume: move('resume', 'Take up an instance that failed, is paused, or left its way by an error', Asked),
  pause: move('pause', 'Let nothing more begin; what runs may end', Asked),
  unpause: move('unpause', 'Let a paused instance go on', Asked),
  cancel: move(
    'cancel',
    'End an instance and what it started; an ended one stays as it is',
    Asked.extend(ARGUMENTS.cancel),
  ),
  skip: move('skip', 'Go on as if a step had given this output', Asked.extend(ARGUMENTS.skip), true),
  rewind: move(
    'rewind',
    'Put an instance back to where it stood after a transition',
    Asked.extend(ARGUMENTS.rewind),
    true,
  ),
  edit: move('edit', 'Change the context, while nothing is in flight', Asked.extend(ARGUMENTS.edit), true),
} satisfies Record<OperationRequest['operation'], unknown>;

const forkInstance = createRoute({
  method: 'post',
  path: '/instances/{id}/fork',
  summary: 'Start a new instance where another one stood after a transition, by the code as it is now',
  request: {
    params: InstanceId,
    headers: IdempotencyKey,
    body: {
      required: false,
      content: json(
        Asked.extend({
          from: z.int().min(0).max(2_147_483_647).optional().openapi({
            description: 'Sequence of the transition; 0: anew, from the start. Default: the last one.',
          }),
          id: z.string().optional().openapi({ description: 'Of the new instance. Default: a new ULID.' }),
          input: z.unknown().optional().openapi({ description: 'Default: that of the instance that is forked.' }),
          patch: Patch.optional(),
        }),
      ),
    },
  },
  responses: { 200: answer('The new instance', Operated), ...problems(400, 404, 409, 413, 415, 422) },
  middleware: optionalJsonBody,
});

const getOperation = createRoute({
  method: 'get',
  path: '/operations/{id}',
  summary: 'One operation, and what came of it',
  request: {
    params: z.object({ id: integer(1, Number.MAX_SAFE_INTEGER).pipe(z.int()) }),
    query: z.strictObject({ wait: integer(0, MAX_WAIT_MS) }),
  },
  responses: { 200: answer('The operation', Operation), ...problems(404, 422) },
});

const Paging = z.strictObject({ limit: integer(1, 500), cursor: text() });

const listOperations = createRoute({
  method: 'get',
  path: '/operations',
  summary: 'What was done by hand, newest first: who, why, and what came of it',
  request: { query: Paging.extend({ target: Operation.shape.target.optional(), targetId: text() }) },
  responses: { 200: answer('A page of them', page(Operation)), ...problems(422) },
});

const listInstanceOperations = createRoute({
  method: 'get',
  path: '/instances/{id}/operations',
  summary: 'What was done by hand to an instance, newest first',
  request: { params: InstanceId, query: Paging },
  responses: { 200: answer('A page of them', page(Operation)), ...problems(404, 422) },
});

/** Moving instances by hand, and the record of it. */
export function operations(): Api {
  const routes = newApi();
  for (const [operation, route] of Object.entries(MOVES)) {
    routes.openapi(route, async (c) => {
      const { id } = c.req.valid('param');
      const { by, why, ...args } = c.req.valid('json');
      const key = c.req.valid('header')['idempotency-key'];
      // Its schema is the one of this operation.
      const request = { operation, ...args } as OperationRequest;
      const options = { by, why, key };
      const asked = await (request.operation === 'cancel'
        ? c.var.engine.cancel(id, { ...options, ...args })
        : c.var.engine.operate(id, request, options));
      const done = asked === null ? null : await outcome(c, asked, c.req.valid('query').wait);
      if (done?.status === 'refused')
        throw new Problem(done.code ?? 'CONFLICT', done.reason ?? '', {
          details: { operation: presentOperation(done) },
        });
      return c.json(await operated(c.var.engine, id, done), done?.status === 'requested' ? 202 : 200);
    });
  }
  return routes
    .openapi(forkInstance, async (c) => {
      const { by, why, ...fork } = c.req.valid('json');
      const key = c.req.valid('header')['idempotency-key'];
      const { id } = await c.var.engine.fork(c.req.valid('param').id, fork as ForkOptions, { by, why, key });
      return c.json(await operated(c.var.engine, id, await madeBy(c.var.engine, id, 'fork')), 200);
    })
    .openapi(getOperation, async (c) => {
      const operation = await c.var.engine.operation(c.req.valid('param').id);
      return c.json(presentOperation(await outcome(c, operation, c.req.valid('query').wait ?? 0)), 200);
    })
    .openapi(listOperations, async (c) =>
      c.json(presentPage(await c.var.engine.operations(given(c.req.valid('query'))), presentOperation), 200),
    )
    .openapi(listInstanceOperations, async (c) => {
      const { id } = c.req.valid('param');
      const found = await c.var.engine.operations({ target: 'instance', targetId: id, ...given(c.req.valid('query')) });
      // The record outlives the instance.
      if (found.items.length === 0) await c.var.engine.get(id);
      return c.json(presentPage(found, presentOperation), 200);
    });
}

/** The answer after an operation. */
export async function operated(engine: Engine, id: string, operation: OperationRecord | null): Promise<api.Operated> {
  const instance = presentInstance(await engine.get(id));
  const blocked = operation?.status === 'requested' ? await blockage(engine, id) : null;
  return { operation: operation === null ? null : presentOperation(operation), instance, blocked };
}

/** What keeps anybody from coming to what was asked for. */
const BLOCKS: ReadonlySet<string> = new Set([
  'NO_WORKER',
  'DEAD_WORKER',
  'WORKER_BLOCKED',
  'OVERDUE',
  'UNKNOWN_WORKFLOW',
]);

async function blockage(engine: Engine, id: string): Promise<api.Operated['blocked']> {
  const cause = (await engine.explain(id)).causes.find(({ code }) => BLOCKS.has(code));
  return cause === undefined ? null : { code: cause.code, words: cause.words };
}

/** The record of what made an instance: the first thing that was ever done to it. */
export async function madeBy(
  engine: Engine,
  id: string,
  operation: 'fork' | 'import',
): Promise<OperationRecord | null> {
  const { items } = await engine.operations({ target: 'instance', targetId: id, limit: 500 });
  return items.findLast((record) => record.operation === operation) ?? null;
}

/** Waits for what comes of an operation; not beyond the end of the server or the patience of the client. */
async function outcome(c: Context<HttpEnv>, asked: OperationRecord, wait = DEFAULT_WAIT_MS): Promise<OperationRecord> {
  if (asked.status !== 'requested' || wait === 0) return asked;
  const stopping = c.env?.stopping;
  const signal = AbortSignal.any([c.req.raw.signal, ...(stopping === undefined ? [] : [stopping])]);
  return c.var.engine.operation(asked.id, { wait, signal });
}
