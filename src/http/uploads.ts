import { randomUUID } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import { safeName } from '../artifacts/key.ts';
import { newApi, type Api, type Services } from './env.ts';
import { Problem } from './problem.ts';
import { receive } from './receive.ts';
import { answer, problems } from './routes.ts';
import { Upload } from './schemas.ts';

/** 2 GiB. */
export const DEFAULT_UPLOAD_LIMIT = 2 * 1024 ** 3;

const upload = createRoute({
  method: 'put',
  path: '/uploads/{name}',
  summary: 'Upload a file',
  description:
    'The body is the file. Its key goes into the input of a workflow. An upload that breaks off leaves nothing.',
  request: {
    params: z.object({ name: z.string().openapi({ param: { name: 'name', in: 'path' }, example: 'talk.mp4' }) }),
    body: { required: true, content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } } },
  },
  responses: {
    201: { ...answer('Stored', Upload), headers: z.object({ location: z.string() }) },
    ...problems(400, 413, 503, 507),
  },
});

/** Files for workflows. */
export function uploads({ artifacts, uploadLimit }: Services): Api {
  return newApi().openapi(upload, async (c) => {
    if (Number(c.req.header('content-length') ?? 0) > uploadLimit) throw tooLarge(uploadLimit);
    const key = `uploads/${randomUUID()}/${safeName(c.req.valid('param').name)}`;
    const { size, sha256 } = await artifacts.put(key, limited(receive(c), uploadLimit)).catch((error: unknown) => {
      // What is left of the body is not read.
      c.header('connection', 'close');
      throw error;
    });
    c.header('location', `/artifacts/${key}`);
    return c.json({ key, size, sha256 }, 201);
  });
}

async function* limited(body: AsyncIterable<Uint8Array>, limit: number): AsyncIterable<Uint8Array> {
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    yield chunk;
  }
}

function tooLarge(limit: number): Problem {
  return new Problem('BODY_TOO_LARGE', `An upload has at most ${limit} bytes.`, {
    details: { limit },
    headers: { connection: 'close' },
  });
}
