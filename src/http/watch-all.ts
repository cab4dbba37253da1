import type { Context } from 'hono';
import { broadcastOf, changeEvent } from './broadcast.ts';
import type { HttpEnv } from './env.ts';
import {
  comingBackWith,
  encodeEvent,
  END,
  KEEP_ALIVE,
  OVER,
  STREAM_HEADERS,
  takeStream,
  WELCOME,
} from './server-sent-events.ts';
import { problemResponse } from './problem.ts';

/** Bytes that wait for one client. A client that is further behind is cut off, and resumes where it was. */
const MOST_WAITING = 1_024 * 1_024;

/**
 * The stream of all instances. A client that resumes first reads what it has missed, at its own pace, and then shares the
 * broadcast.
 */
export async function watchAll(c: Context<HttpEnv>, after: string | undefined): Promise<Response> {
  if (c.req.method === 'HEAD') return c.body(null, 200, STREAM_HEADERS);
  const { engine } = c.var;
  const broadcast = broadcastOf(engine);
  const release = takeStream(c);
  const gone = new AbortController();
  const stopping = c.env?.stopping;
  const signal = AbortSignal.any([gone.signal, c.req.raw.signal, ...(stopping === undefined ? [] : [stopping])]);
  const missed =
    after === undefined || broadcast.has(after)
      ? undefined
      : engine.subscribe({ after, signal })[Symbol.asyncIterator]();
  const first = missed?.next();
  // What is wrong with the position shows at once, while there still is a status to say it with.
  if (first !== undefined) {
    await Promise.race([first, new Promise(setImmediate)]).catch((error: unknown) => {
      release();
      throw error;
    });
  }
  let leave = (): void => {};
  let isClosed = false;
  /** Reads the next change that was missed; undefined: nothing is. */
  let catchUp: (() => Promise<void>) | undefined;
  const finish = (): void => {
    isClosed = true;
    release();
    leave();
    gone.abort();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const close = (): void => {
          if (isClosed) return;
          finish();
          controller.close();
        };
        const cutOff = (): void => {
          if (isClosed) return;
          const outgoing = c.env?.outgoing;
          if (outgoing === undefined) return close();
          finish();
          // What waits for it is of no use any more: it asks again for what it did not get.
          outgoing.destroy();
        };
        const watcher = {
          write: (block: Uint8Array) => {
            if (isClosed) return;
            if ((controller.desiredSize ?? 0) <= 0) cutOff();
            else controller.enqueue(block);
          },
          end: (error: unknown, lastPosition: string | undefined) => {
            if (isClosed) return;
            // When the server stops, there will be more: the client is to come back.
            if (signal.aborted) return close();
            if (error === undefined) {
              controller.enqueue(Buffer.from(END + comingBackWith(lastPosition ?? OVER)));
              return close();
            }
            void fail(error);
          },
        };
        const fail = async (error: unknown): Promise<void> => {
          if (signal.aborted) return close();
          const problem = (await problemResponse(error, c).json()) as { status: number };
          if (isClosed) return;
          controller.enqueue(encodeEvent({ event: 'problem', data: problem }));
          if (problem.status < 500) controller.enqueue(Buffer.from(comingBackWith(OVER)));
          close();
        };
        signal.addEventListener('abort', close);
        controller.enqueue(WELCOME);
        if (missed === undefined) {
          leave = broadcast.join(watcher, after);
          return;
        }
        let next = first;
        // It keeps the broadcast going, so that there is one to join.
        leave = broadcast.join({
          write: (block) => {
            if (block === KEEP_ALIVE) watcher.write(block);
          },
          end: () => {},
        });
        catchUp = async () => {
          try {
            const { value, done } = await (next ?? missed.next());
            next = undefined;
            if (isClosed) return;
            if (done === true) return watcher.end(undefined, undefined);
            controller.enqueue(encodeEvent(changeEvent(value)));
            if (value.type !== 'transition' || !broadcast.has(value.position)) return;
            catchUp = undefined;
            const before = leave;
            leave = broadcast.join(watcher, value.position);
            before();
            await missed.return?.();
          } catch (error) {
            await fail(error);
          }
        };
      },
      async pull() {
        await catchUp?.();
      },
      cancel: finish,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MOST_WAITING }),
  );
  return c.body(body, 200, STREAM_HEADERS);
}
