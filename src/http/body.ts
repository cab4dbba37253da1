import type { Context, MiddlewareHandler } from 'hono';
import { DurachartError } from '../core/error.ts';
import { parseExactJson } from '../core/exact-json.ts';
import type { HttpEnv } from './env.ts';
import { Problem, type FieldError } from './problem.ts';

/** Bytes of JSON that a request may have; more belongs into an upload. */
const JSON_LIMIT = 1024 * 1024;
/** Levels that JSON may be nested. What lies deeper overflows the stack of whoever walks it. */
const DEPTH_LIMIT = 200;
/** More mistakes than this are not listed. */
const LISTED = 20;

/**
 * Reads the body of a JSON route before its schema sees it: content type, size, encoding, syntax, nesting,
 * and text that Postgres could not store.
 */
export const jsonBody = jsonBodyOf(JSON_LIMIT);

/** The same for bodies of another size. @param limit in bytes */
export function jsonBodyOf(limit: number): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    checkType(c);
    take(c, await readLimited(c.req.raw.body, c.req.header('content-length'), limit));
    await next();
  };
}

/** The same for a route whose body may be left out. Without a content type the validators look whether there is one. */
export const optionalJsonBody: MiddlewareHandler<HttpEnv> = async (c, next) => {
  if (c.req.header('content-type') !== undefined) {
    checkType(c);
    const bytes = await readLimited(c.req.raw.body, c.req.header('content-length'), JSON_LIMIT);
    take(c, bytes.length === 0 ? Buffer.from('{}') : bytes);
  }
  await next();
};

function checkType(c: Context<HttpEnv>): void {
  const type = c.req.header('content-type') ?? '';
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new Problem(
      'UNSUPPORTED_MEDIA_TYPE',
      `The body must be application/json; this one is ${type === '' ? 'of no type' : type}.`,
      {
        headers: { accept: 'application/json' },
      },
    );
  }
}

function take(c: Context<HttpEnv>, bytes: Buffer): void {
  const text = decode(bytes);
  inspect(parse(text));
  // Hono's validators take the body from here.
  c.req.bodyCache.text = Promise.resolve(text) as never;
}

async function readLimited(
  body: ReadableStream<Uint8Array> | null,
  length: string | undefined,
  limit: number,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = Number(length ?? 0);
  if (size <= limit) {
    size = 0;
    for await (const chunk of body ?? []) {
      size += chunk.byteLength;
      if (size > limit) break;
      chunks.push(chunk);
    }
  }
  if (size > limit) {
    throw new Problem(
      'BODY_TOO_LARGE',
      `The body has at most ${limit} bytes. Upload what is larger (PUT /uploads/{name}) and pass its key.`,
      {
        details: { limit },
      },
    );
  }
  return Buffer.concat(chunks);
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Problem('MALFORMED_JSON', 'The body is not UTF-8.', { cause });
  }
}

function parse(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch (cause) {
    if (cause instanceof DurachartError) throw cause;
    const why = text === '' ? 'it is empty' : (cause as Error).message;
    throw new Problem('MALFORMED_JSON', `The body is not JSON: ${why}.`, { cause });
  }
}

/** Walks without recursion: what it guards against would overflow its own stack. */
function inspect(root: unknown): void {
  const errors: FieldError[] = [];
  const open: { value: unknown; path: string; depth: number }[] = [{ value: root, path: '', depth: 0 }];
  for (let item = open.pop(); item !== undefined && errors.length < LISTED; item = open.pop()) {
    const { value, path, depth } = item;
    if (typeof value === 'string') check(value, path, errors);
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= DEPTH_LIMIT) {
      throw new Problem('INVALID_REQUEST', `The body is nested more than ${DEPTH_LIMIT} levels deep.`, {
        errors: [{ path: '', message: `nested more than ${DEPTH_LIMIT} levels deep` }],
      });
    }
    for (const [key, inner] of Object.entries(value)) {
      const at = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      if (!Array.isArray(value)) check(key, at, errors);
      if (key === '__proto__') errors.push({ path: at, message: 'this name cannot be used' });
      open.push({ value: inner, path: at, depth: depth + 1 });
    }
  }
  if (errors.length === 0) return;
  const shown = errors.map(({ path, message }) => ({
    path: path.toWellFormed().replaceAll('\0', '\u{fffd}'),
    message,
  }));
  throw new Problem(
    'INVALID_REQUEST',
    `Wrong body: ${shown.map(({ path, message }) => `${path}: ${message}`).join('; ')}.`,
    { errors: shown },
  );
}

function check(text: string, path: string, errors: FieldError[]): void {
  if (!text.isWellFormed()) errors.push({ path, message: 'text with a lone surrogate, which cannot be stored' });
  if (text.includes('\0')) errors.push({ path, message: 'text with a NUL character, which cannot be stored' });
}
