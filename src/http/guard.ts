import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { HttpEnv } from './env.ts';
import { isInspectorPath } from './inspector.ts';
import { Problem } from './problem.ts';
import { assertNoForgery, type Access } from './session.ts';

/** Open to everybody: they say nothing of what is inside. */
const OPEN = new Set(['/health/live', '/health/ready', '/openapi.json', '/session']);

/**
 * Lets in who has a token, or the cookie that a browser was given for it.
 * @param isOpen paths of pipelines' own routes that ask for none
 */
export function tokenGuard({ grant, refusal }: Access, isOpen: (path: string) => boolean): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    if (!OPEN.has(c.req.path) && !isInspectorPath(c.req.path) && !isOpen(c.req.path)) {
      const granted = await grant(c);
      if (granted === undefined) throw refusal(c);
      if (granted.by === 'session') assertNoForgery(c);
    }
    await next();
  };
}

export function unauthorized(): Problem {
  return new Problem('UNAUTHORIZED', 'Send the API token: "Authorization: Bearer <token>".', {
    headers: { 'www-authenticate': 'Bearer realm="durachart"' },
  });
}

/** Whether the value of an Authorization header has the token. The comparison takes as long whatever is wrong with it. */
export function tokenCheck(token: string): (authorization: string | undefined) => boolean {
  const expected = digest(token);
  return (authorization) => {
    const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    return timingSafeEqual(digest(given ?? ''), expected) && given !== undefined;
  };
}

/**
 * Without a token only programs of this machine are let in, and the pages that it serves itself: a web site open in a
 * browser here could otherwise reach it, by a name that it makes point here (the Host tells) or directly (the Origin tells).
 */
export const localGuard: MiddlewareHandler<HttpEnv> = async (c, next) => {
  const host = c.req.header('host') ?? new URL(c.req.url).host;
  if (!isLoopback(hostName(host))) {
    throw new Problem(
      'FORBIDDEN_HOST',
      'Without an API token this server answers to localhost, 127.0.0.1 and [::1] only.',
    );
  }
  const origin = c.req.header('origin');
  const site = c.req.header('sec-fetch-site');
  const isLink = c.req.header('sec-fetch-mode') === 'navigate' && c.req.method === 'GET';
  const foreign =
    origin === undefined ? (site === 'cross-site' || site === 'same-site') && !isLink : origin !== `http://${host}`;
  if (foreign) {
    throw new Problem(
      'FORBIDDEN_ORIGIN',
      'Requests from pages of other web sites are refused. Programs send no Origin header.',
    );
  }
  await next();
};

/** Nothing that is stored has a NUL in its name, and Postgres would not take the question. */
export const noNul: MiddlewareHandler<HttpEnv> = async (c, next) => {
  if (/\0|%00/.test(c.req.path))
    throw new Problem('ROUTE_NOT_FOUND', 'There is nothing at an address with a NUL character.');
  await next();
};

/** Whether a host name or address can only mean this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** `[::1]:80` → `::1`, `localhost:80` → `localhost` */
function hostName(host: string): string {
  const name = host.startsWith('[') ? host.slice(1).replace(/\](:\d+)?$/, '') : host.replace(/:\d+$/, '');
  return name.toLowerCase();
}

/** Of one length, whatever it is of. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
