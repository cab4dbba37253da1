import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { jsonBody } from './body.ts';
import { newApi, type Api, type HttpEnv } from './env.ts';
import { tokenCheck } from './guard.ts';
import { Problem } from './problem.ts';
import { answer, json, problems } from './routes.ts';
import { Session } from './schemas.ts';

const COOKIE = 'durachart_session';
/** A day of work. */
const LIFE_MS = 12 * 60 * 60 * 1000;
/** Every request of the page has it. A page of another site cannot send it without asking, and is never allowed to. */
const CSRF_HEADER = 'x-requested-with';

/** How a request has shown that it may: by the token itself, or by the cookie that it was exchanged for. */
type Way = 'token' | 'session';

/** Who may: programs send the token, browsers exchange it for a cookie that scripts cannot read. */
export interface Access {
  /** How the request may; undefined: it may not. */
  way(c: Context<HttpEnv>): Way | undefined;
  /** The routes for logging in and out. */
  routes: Api;
}

/** Nobody else's page logs this browser in. */
const ownPage: MiddlewareHandler<HttpEnv> = async (c, next) => {
  assertOwnPage(c);
  await next();
};

const getSession = createRoute({
  method: 'get',
  path: '/session',
  summary: 'Whether this browser has to log in',
  security: [],
  responses: { 200: answer('It has to where `required` and not `active`', Session), ...problems() },
});

const openSession = createRoute({
  method: 'post',
  path: '/session',
  summary: 'Exchange the API token for a cookie',
  description: `For browsers. What changes something then also needs the header \`${CSRF_HEADER}\`, and has to come from a page of this server.`,
  security: [],
  request: { body: { required: true, content: json(z.strictObject({ token: z.string().min(1).max(4096) })) } },
  responses: { 200: answer('The cookie is set', Session), ...problems(400, 413, 415, 422) },
  middleware: [ownPage, jsonBody] as const,
});

const closeSession = createRoute({
  method: 'delete',
  path: '/session',
  summary: 'Take the cookie back',
  responses: { 200: answer('It is gone', Session), ...problems() },
});

/** @param token undefined: nobody has to log in */
export function createAccess(token: string | undefined): Access {
  const isRight = token === undefined ? () => true : tokenCheck(token);
  const seals = token === undefined ? undefined : new Seals(token);
  const hasCookie = (c: Context<HttpEnv>): boolean => seals?.isWhole(getCookie(c, COOKIE)) ?? false;
  const required = token !== undefined;
  const attributes = (c: Context<HttpEnv>) =>
    ({ httpOnly: true, sameSite: 'Strict', path: '/', secure: isHttps(c) }) as const;

  const routes = newApi()
    .openapi(getSession, (c) => c.json({ required, active: !required || hasCookie(c) }, 200))
    .openapi(openSession, (c) => {
      if (!isRight(`Bearer ${c.req.valid('json').token}`)) {
        throw new Problem('WRONG_TOKEN', 'This is not the API token that the server was started with.');
      }
      if (seals !== undefined) setCookie(c, COOKIE, seals.make(), { ...attributes(c), maxAge: LIFE_MS / 1_000 });
      return c.json({ required, active: true }, 200);
    })
    .openapi(closeSession, (c) => {
      deleteCookie(c, COOKIE, attributes(c));
      return c.json({ required, active: !required }, 200);
    });
  return {
    way: (c) => {
      if (isRight(c.req.header('authorization'))) return 'token';
      return hasCookie(c) ? 'session' : undefined;
    },
    routes,
  };
}

/** A browser sends the cookie whoever makes it ask; so what changes something has to prove that a page of ours did. */
export function assertNoForgery(c: Context<HttpEnv>): void {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return;
  assertOwnPage(c);
  if (c.req.header(CSRF_HEADER) === undefined) {
    throw new Problem(
      'FORBIDDEN_ORIGIN',
      `With a session, what changes something needs the header ${CSRF_HEADER}; programs send the token instead.`,
    );
  }
}

/** Programs send neither header, and have no cookie to be misused. */
function assertOwnPage(c: Context<HttpEnv>): void {
  const site = c.req.header('sec-fetch-site');
  const origin = c.req.header('origin');
  // A proxy in front may speak https; that the host is ours is what counts.
  const isOwn =
    site === undefined
      ? origin === undefined || hostOf(origin) === c.req.header('host')
      : site === 'same-origin' || site === 'none';
  if (!isOwn) throw new Problem('FORBIDDEN_ORIGIN', 'Requests from pages of other web sites are refused.');
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function isHttps(c: Context<HttpEnv>): boolean {
  return new URL(c.req.url).protocol === 'https:' || c.req.header('x-forwarded-proto') === 'https';
}

/**
 * Cookies that only this token could have made: they need no memory, hold on every server with the same token and through
 * restarts, end with the token, and do not tell it.
 */
class Seals {
  private readonly key: Buffer;

  constructor(token: string) {
    this.key = createHmac('sha256', token).update('durachart session').digest();
  }

  make(): string {
    const text = `${Date.now() + LIFE_MS}.${randomBytes(16).toString('base64url')}`;
    return `${text}.${this.seal(text).toString('base64url')}`;
  }

  isWhole(cookie: string | undefined): boolean {
    const [until, salt, seal] = cookie?.split('.') ?? [];
    if (until === undefined || salt === undefined || seal === undefined) return false;
    const given = Buffer.from(seal, 'base64url');
    const right = this.seal(`${until}.${salt}`);
    return given.length === right.length && timingSafeEqual(given, right) && Number(until) > Date.now();
  }

  private seal(text: string): Buffer {
    return createHmac('sha256', this.key).update(text).digest();
  }
}
