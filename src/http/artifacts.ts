import type { Context } from 'hono';
import { assertKey } from '../artifacts/key.ts';
import { PREFIX as PAYLOADS } from '../engine/payloads/payloads.ts';
import type * as core from '../core/artifact.ts';
import type { ArtifactStore } from '../core/artifact.ts';
import { DurachartError } from '../core/error.ts';
import { createRoute, z } from '@hono/zod-openapi';
import { newApi, type Api, type HttpEnv, type Services } from './env.ts';
import { contentType, isInline } from './media-types.ts';
import { Problem } from './problem.ts';
import { answer, InstanceId, problems } from './routes.ts';
import { Artifact } from './schemas.ts';

const BYTES = { 'application/octet-stream': { schema: { type: 'string' as const, format: 'binary' } } };

const listArtifacts = createRoute({
  method: 'get',
  path: '/instances/{id}/artifacts',
  summary: 'What the steps of an instance have stored under its id, in the order of the keys',
  request: { params: InstanceId },
  responses: { 200: answer('All of them', z.object({ items: z.array(Artifact) })), ...problems(404) },
});

/** Files that steps and people have stored. */
export function artifacts({ artifacts: store }: Services): Api {
  const api = newApi();
  // A key has slashes, for which OpenAPI has no word: documented by hand.
  api.openAPIRegistry.registerPath({
    method: 'get',
    path: '/artifacts/{key}',
    summary: 'Get an artifact, or a range of it',
    request: {
      params: z.object({
        key: z.string().openapi({
          param: { name: 'key', in: 'path' },
          description: 'With its slashes.',
          example: 'uploads/1/talk.mp4',
        }),
      }),
      headers: z.object({ range: z.string().optional().openapi({ example: 'bytes=0-1023' }) }),
    },
    responses: {
      200: { description: 'All of it', content: BYTES },
      206: { description: 'The range', content: BYTES },
      304: { description: 'Still the one of If-None-Match' },
      ...problems(404, 416, 422),
    },
  });
  api.get('/artifacts/:key{.+}', (c) => send(c, store, c.req.param('key')));
  return api.openapi(listArtifacts, async (c) => {
    const { id } = await c.var.engine.get(c.req.valid('param').id);
    const found = await store.list(`${id}/`);
    return c.json(
      { items: found.map(({ key, size, sha256 }) => ({ key, size, sha256, type: contentType(key) })) },
      200,
    );
  });
}

/** What retention writes: instances as they were, with all that was in them. */
const ARCHIVE = /\.jsonl\.gz$/;

async function send(c: Context<HttpEnv>, store: ArtifactStore, key: string): Promise<Response> {
  assertKey(key);
  if (ARCHIVE.test(key) && !c.var.secrets) {
    throw new Problem(
      'SECRETS_TOKEN_NEEDED',
      'An archive of removed instances has their secrets in it. It is given to who brings the token that shows them.',
    );
  }
  if (key.startsWith(`${PAYLOADS}/`) && !c.var.secrets) {
    throw new Problem(
      'SECRETS_TOKEN_NEEDED',
      'Values of instances may have secrets in them. GET /instances/{id}/payloads/{sha256} gives those that have none; here they are given to who brings the token that shows secrets.',
    );
  }
  const artifact = await store.stat(key);
  if (artifact === undefined)
    throw new DurachartError('ARTIFACT_NOT_FOUND', `There is no artifact ${key}.`, { details: { key } });
  const etag = `"${artifact.sha256}"`;
  const headers = {
    etag,
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
    'content-type': contentType(key),
    'content-disposition': `${isInline(key) ? 'inline' : 'attachment'}; filename="${key.slice(key.lastIndexOf('/') + 1)}"`,
    // Whatever is in it, it runs nothing here.
    'content-security-policy': "default-src 'none'; sandbox",
  };
  if (c.req.header('if-none-match')?.includes(etag)) return c.body(null, 304, headers);
  const range = rangeOf(c, artifact, etag);
  const [start, end] = range ?? [0, artifact.size - 1];
  const sized = { ...headers, 'content-length': String(end - start + 1) };
  const body = c.req.method === 'HEAD' || artifact.size === 0 ? null : await open(store, key, start, end);
  if (range === undefined) return new Response(body, { status: 200, headers: sized });
  return new Response(body, {
    status: 206,
    headers: { ...sized, 'content-range': `bytes ${start}-${end}/${artifact.size}` },
  });
}

async function open(
  store: ArtifactStore,
  key: string,
  start: number,
  end: number,
): Promise<ReadableStream<Uint8Array>> {
  const bytes = (await store.read(key, { start, end }))[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await bytes.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await bytes.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** First and last byte asked for. What is not one single range means all of it, as RFC 9110 allows. */
function rangeOf(c: Context<HttpEnv>, { size }: core.Artifact, etag: string): [start: number, end: number] | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(c.req.header('range')?.replaceAll(' ', '') ?? '');
  const [, first = '', last = ''] = match ?? [];
  if ((first === '' && last === '') || (c.req.header('if-range') ?? etag) !== etag) return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < start) return undefined;
  if (start >= size || end < start) {
    throw new Problem('INVALID_RANGE', `The artifact has ${size} bytes.`, {
      details: { size },
      headers: { 'content-range': `bytes */${size}` },
    });
  }
  return [start, end];
}
