import type { Context } from 'hono';
import { setImmediate } from 'node:timers/promises';
import { usualGuards, type HttpEnv } from './env.ts';
import { Problem, problemResponse } from './problem.ts';

/** A server-sent event; `data` is sent as JSON. */
export interface ServerEvent {
  event: string;
  id?: string;
  data: unknown;
}

/** Proxies cut connections that are silent for half a minute. */
export const KEEP_ALIVE_MS = 15_000;
/** How soon a client comes back after a lost connection. */
const RETRY_MS = 1_000;

const encoder = new TextEncoder();
/** Sent at once, so that the client knows that it is connected. */
export const WELCOME = encoder.encode(`retry: ${RETRY_MS}\n\n`);
export const KEEP_ALIVE = encoder.encode(': still here\n\n');
export const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

const TICK = Symbol('tick');
export const END = 'event: end\ndata: {}\n\n';
/** The `Last-Event-ID` with which a client comes back after a problem that would be there again: it gets a 204, which ends an EventSource. */
export const OVER = 'end';

/**
 * Answers with a stream of server-sent events. An item is taken from the source only when the client has room for it.
 * The source's signal is aborted when the client goes or the server stops.
 * @param endsAt what the client comes back with when the stream has ended without an item that has an id
 */
export async function eventStream<T>(
  c: Context<HttpEnv>,
  open: (signal: AbortSignal) => AsyncIterable<T>,
  present: (item: T) => ServerEvent,
  endsAt: string = OVER,
): Promise<Response> {
  if (c.req.method === 'HEAD') return c.body(null, 200, STREAM_HEADERS);
  const release = takeStream(c);
  const gone = new AbortController();
  const stopping = c.env?.stopping;
  const signal = AbortSignal.any([gone.signal, c.req.raw.signal, ...(stopping === undefined ? [] : [stopping])]);
  const source = open(signal)[Symbol.asyncIterator]();
  let lastId = endsAt;
  let next: Promise<IteratorResult<T>> | undefined = source.next();
  // What is wrong with the request shows at once, while there still is a status to say it with.
  await Promise.race([next, setImmediate()]).catch((error: unknown) => {
    release();
    throw error;
  });

  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(WELCOME),
    async pull(controller) {
      const write = (text: string): void => controller.enqueue(encoder.encode(text));
      try {
        next ??= source.next();
        const item = await orTick(next);
        if (item === TICK) return controller.enqueue(KEEP_ALIVE);
        next = undefined;
        if (!item.done) {
          const event = present(item.value);
          lastId = event.id ?? lastId;
          return write(format(event));
        }
        // When the server stops, there will be more: the client is to come back.
        if (!signal.aborted) write(END + comingBackWith(lastId));
      } catch (error) {
        if (signal.aborted) {
          release();
          return controller.close();
        }
        const problem = (await problemResponse(error, c).json()) as { status: number };
        write(format({ event: 'problem', data: problem }));
        if (problem.status < 500) write(comingBackWith(OVER));
      }
      release();
      controller.close();
    },
    async cancel() {
      release();
      gone.abort();
      await source.return?.();
    },
  });
  return c.body(body, 200, STREAM_HEADERS);
}

/** A block without data is no event; it only sets the id that an EventSource sends when it connects again. */
export function comingBackWith(id: string): string {
  return `id: ${id}\n\n`;
}

/** A place among the streams. @throws Problem `TOO_MANY_STREAMS` @returns gives it back */
export function takeStream(c: Context<HttpEnv>): () => void {
  const release = (c.env?.guards ?? usualGuards()).streams.take();
  if (release !== undefined) return release;
  throw new Problem('TOO_MANY_STREAMS', 'As many streams are open as there may be. Come back in a moment.', {
    headers: { 'retry-after': '10', connection: 'close' },
  });
}

export function encodeEvent(event: ServerEvent): Buffer {
  return Buffer.from(format(event));
}

/** The JSON has no line breaks, so that one `data:` line does. */
function format({ event, id, data }: ServerEvent): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

async function orTick<T>(promise: Promise<T>): Promise<T | typeof TICK> {
  let timer: NodeJS.Timeout | undefined;
  const tick = new Promise<typeof TICK>((resolve) => {
    timer = setTimeout(() => resolve(TICK), KEEP_ALIVE_MS);
  });
  try {
    return await Promise.race([promise, tick]);
  } finally {
    clearTimeout(timer);
  }
}
