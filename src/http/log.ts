import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { pino, stdSerializers, type DestinationStream, type Logger } from 'pino';
import type { HttpEnv } from './env.ts';

/** Names under which secrets stand. */
const SECRETS = [
  'authorization',
  'cookie',
  'token',
  'password',
  'apiKey',
  'DATABASE_URL',
  'DURACHART_API_TOKEN',
  'DURACHART_SECRETS_TOKEN',
];

/**
 * The server's log: JSON lines, without secrets.
 * @param level of pino: `debug`, `info`, `warn`, `error`, `silent` …
 * @param to default: standard output
 */
export function createLog(level: string, to?: DestinationStream): Logger {
  const paths = SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  return pino(
    {
      level,
      base: null,
      redact: { paths, censor: '***' },
      serializers: {
        err: (error: Error) => {
          const { message, stack, ...rest } = stdSerializers.err(error);
          return { ...rest, message: scrub(message), stack: scrub(stack) };
        },
      },
    },
    ...(to === undefined ? [] : [to]),
  );
}

/** Gives each request an id and a line in the log. Queries and headers may hold secrets and are left out. */
export function requestLog(log: Logger): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const requestId = randomUUID();
    const began = performance.now();
    c.set('requestId', requestId);
    c.set('log', log);
    await next();
    c.header('x-request-id', requestId);
    const { status } = c.res;
    const quiet = c.req.path.startsWith('/health/') && status < 500;
    log[quiet ? 'debug' : status < 500 ? 'info' : 'warn'](
      { requestId, method: c.req.method, path: c.req.path, status, ms: Math.round(performance.now() - began) },
      'request',
    );
  };
}

/** Messages of drivers may quote the URL with the password, or a header. */
function scrub(text: string): string {
  return text.replace(/(\w+:\/\/[^\s:/@]*):[^\s@]*@/g, '$1:***@').replace(/(Bearer +)\S+/gi, '$1***');
}
