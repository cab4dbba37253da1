import type { Context, MiddlewareHandler } from 'hono';
import { DurachartError } from '../core/error.ts';
import { parseExactJson } from '../core/exact-json.ts';
import type { HttpEnv } from './env.ts';
import { Problem, type FieldError } from './problem.ts';
import { receive } from './receive.ts';

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
    take(c, await readLimited(c, limit));
    await next();
  };
}

/** The same for a route whose body may be left out. Without a content type the validators look whether there is one. */
export const optionalJsonBody: MiddlewareHandler<HttpEnv> = async (c, next) => {
  if (c.req.header('content-type') !== undefined) {
    checkType(c);
    const bytes = await readLimited(c, JSON_LIMIT);
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
  assertDepth(bytes);
  const text = decode(bytes);
  const value = parse(text);
  if (SUSPICIOUS.test(text)) inspect(value);
  // Hono's validators take the body from here; they would parse the text again.
  c.req.json = async () => value as never;
}

async function readLimited(c: Context<HttpEnv>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = Number(c.req.header('content-length') ?? 0);
  if (size <= limit) {
    size = 0;
    for await (const chunk of receive(c)) {
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

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Depth by byte: `[` and `{` go down, `]` and `}` come up. */
const STEPS = new Int8Array(256);
for (const byte of [0x5b, 0x7b]) STEPS[byte] = 1;
for (const byte of [0x5d, 0x7d]) STEPS[byte] = -1;

/**
 * Looks at the bytes alone, before anything is made of them: a parser takes a second for a megabyte of brackets, and as
 * long to find at the end that they are not closed.
 */
function assertDepth(bytes: Uint8Array): void {
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      // To the quote that ends the text, by leaps: most of a body is text.
      for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
    } else if ((depth += STEPS[byte] as number) > DEPTH_LIMIT) {
      throw new Problem('INVALID_REQUEST', `The body is nested more than ${DEPTH_LIMIT} levels deep.`, {
        errors: [{ path: '', message: `nested more than ${DEPTH_LIMIT} levels deep` }],
      });
    }
  }
}

interface Place {
  value: unknown;
  key: string | number;
  /** Undefined at the top. */
  within: Place | undefined;
}

/** Only by these can come into a well-formed text what {@link inspect} looks for. */
const SUSPICIOUS = /\\u|__proto__/;

/** Walks without recursion, and finds text that cannot be stored. */
function inspect(root: unknown): void {
  const errors: FieldError[] = [];
  const open: Place[] = [{ value: root, key: '', within: undefined }];
  for (let place = open.pop(); place !== undefined && errors.length < LISTED; place = open.pop()) {
    const { value } = place;
    if (typeof value === 'string') check(value, place, errors);
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      for (const [key, inner] of (value as unknown[]).entries()) {
        if (typeof inner === 'string' || typeof inner === 'object') open.push({ value: inner, key, within: place });
      }
      continue;
    }
    for (const [key, inner] of Object.entries(value)) {
      const at = { value: inner, key, within: place };
      check(key, at, errors);
      if (key === '__proto__') errors.push({ path: pathOf(at), message: 'this name cannot be used' });
      if (typeof inner === 'string' || typeof inner === 'object') open.push(at);
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

function check(text: string, place: Place, errors: FieldError[]): void {
  if (!text.isWellFormed())
    errors.push({ path: pathOf(place), message: 'text with a lone surrogate, which cannot be stored' });
  if (text.includes('\0'))
    errors.push({ path: pathOf(place), message: 'text with a NUL character, which cannot be stored' });
}

/** Made for what is wrong only: a large body has more paths than it has bytes. */
function pathOf({ key, within }: Place): string {
  if (within === undefined) return '';
  const before = pathOf(within);
  return typeof key === 'number' ? `${before}[${key}]` : before === '' ? key : `${before}.${key}`;
}
