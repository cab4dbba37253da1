import type { Context } from 'hono';
import { clientOf } from './client-address.ts';
import { SLOW_MS, STALL_BYTES } from './connection-limits.ts';
import { usualGuards, type HttpEnv } from './env.ts';
import { Problem } from './problem.ts';

/** Whether a request brings a file, or an export, which may take as long as the line needs. */
export function isUpload(method: string | undefined, url = ''): boolean {
  return (
    (method === 'PUT' && url.startsWith('/uploads/')) || (method === 'POST' && /^\/instances\/import(\?|$)/.test(url))
  );
}

/**
 * The body of a request, as it comes: the one place where bodies are read.
 * @throws Problem `REQUEST_TIMEOUT` it is not complete in time, or an upload does not go on; `TOO_MANY_REQUESTS` there are too many slow ones;
 * `MALFORMED_REQUEST` it broke off
 */
export async function* receive(c: Context<HttpEnv>): AsyncGenerator<Uint8Array, void, undefined> {
  const { body } = c.req.raw;
  if (body === null) return;
  const { limits, slowBodies } = c.env?.guards ?? usualGuards();
  const reader = body.getReader();
  let failure: Problem | undefined;
  // A pending read ends with it.
  const fail = (problem: Problem): void => {
    failure ??= problem;
    void reader.cancel().catch(() => {});
  };

  let release: (() => void) | undefined;
  const slow = setTimeout(() => {
    release = slowBodies.take(c.env?.incoming === undefined ? '' : clientOf(c.env.incoming));
    if (release === undefined) fail(tooMany());
  }, SLOW_MS);
  const stall = new Stall();
  const { pathname } = new URL(c.req.url);
  const late = isUpload(c.req.method, pathname)
    ? setInterval(() => {
        if (stall.waited() >= limits.stallMs)
          fail(tooSlow(`An upload brings at least ${STALL_BYTES} bytes`, limits.stallMs));
      }, limits.stallMs / 4)
    : setTimeout(() => fail(tooSlow('The body has to be complete', limits.bodyMs)), limits.bodyMs);
  let isWhole = false;
  try {
    for (;;) {
      stall.wait();
      const { done, value } = await read(reader);
      if (failure !== undefined) throw failure as Problem;
      isWhole = done;
      if (done) return;
      stall.got(value.byteLength);
      yield value;
    }
  } finally {
    clearTimeout(slow);
    clearTimeout(late);
    release?.();
    if (!isWhole) {
      // What is left of it is not read.
      c.header('connection', 'close');
      void reader.cancel().catch(() => {});
    }
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>): ReturnType<typeof reader.read> {
  try {
    return await reader.read();
  } catch (cause) {
    throw new Problem('MALFORMED_REQUEST', 'The body broke off.', { cause });
  }
}

/** How long a client has been waited for since it last brought {@link STALL_BYTES}; what the server needs for them does not count. */
class Stall {
  private bytes = 0;
  private before = 0;
  private since: number | undefined;

  wait(): void {
    this.since = performance.now();
  }

  got(bytes: number): void {
    this.before = this.waited();
    this.since = undefined;
    this.bytes += bytes;
    if (this.bytes < STALL_BYTES) return;
    this.bytes = 0;
    this.before = 0;
  }

  waited(): number {
    return this.before + (this.since === undefined ? 0 : performance.now() - this.since);
  }
}

function tooSlow(what: string, ms: number): Problem {
  return new Problem('REQUEST_TIMEOUT', `${what} within ${ms / 1_000} s.`, { headers: { connection: 'close' } });
}

function tooMany(): Problem {
  return new Problem('TOO_MANY_REQUESTS', 'Too many requests are under way whose bodies come slowly.', {
    headers: { connection: 'close', 'retry-after': '5' },
  });
}
