import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import { jsonBody } from './body.ts';
import { newApi, usualGuards, type Api, type Guards, type HttpEnv } from './env.ts';
import { EVERYBODY, Revoked, type EndedSessions, type OpenSession } from './ended-sessions.ts';
import { clientOf } from './client-address.ts';
import { tokenCheck, unauthorized } from './guard.ts';
import { Problem } from './problem.ts';
import { answer, json, problems } from './routes.ts';
import { Session } from './schemas.ts';
import type * as api from './types.ts';

const COOKIE = 'durachart_session';
/** Of that name, in one request; each costs a signature. */
const MOST_COOKIES = 10;
/** A day of work. */
const LIFE_MS = 12 * 60 * 60 * 1000;
/** Every request of the page has it. A page of another site cannot send it without asking, and is never allowed to. */
const CSRF_HEADER = 'x-requested-with';

/** What a request has shown that it may. */
export interface Grant {
  /** By a token, or by the cookie that one was exchanged for; without a token everybody of this machine may. */
  by: 'token' | 'session' | 'nobody';
  /** What workflows mark as secret is shown. */
  secrets: boolean;
}

/** Who may: programs send a token, browsers exchange it for a cookie that scripts cannot read. */
export interface Access {
  /** What the request may; undefined: nothing. */
  grant(c: Context<HttpEnv>): Promise<Grant | undefined>;
  /** Why it may nothing. */
  refusal(c: Context<HttpEnv>): Problem;
  /** The routes for logging in and out. */
  routes: Api;
}

export interface AccessOptions {
  /** Undefined: nobody has to log in. */
  token: string | undefined;
  /** Opens what `token` opens, and what is secret, too. Undefined: nobody sees that. */
  secretsToken: string | undefined;
  /** Whether any workflow marks anything as secret. */
  hasSecrets: boolean;
  /** The sessions that were ended before their time. */
  ended: EndedSessions;
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
  summary: 'End the session of this browser, or those of all browsers',
  description: 'Ended ones are refused by every server of the database within two seconds.',
  security: [],
  request: {
    query: z.strictObject({
      everywhere: z.literal('true').optional().openapi({ description: 'All that were begun until now.' }),
    }),
  },
  responses: { 200: answer('It is over', Session), ...problems(401, 422) },
});

export function createAccess({ token, secretsToken, hasSecrets, ended }: AccessOptions): Access {
  const revoked = new Revoked(ended, LIFE_MS);
  const keys = [
    // Whoever has both sees more.
    ...(secretsToken === undefined ? [] : [new Key(secretsToken, true)]),
    ...(token === undefined ? [] : [new Key(token, false)]),
  ];
  const required = token !== undefined;
  const session = async (c: Context<HttpEnv>): Promise<{ key: Key; id: string } | undefined> => {
    for (const cookie of cookiesOf(c)) {
      for (const key of keys) {
        const found = key.open(cookie);
        if (found !== undefined && !(await revoked.has(found))) return { key, id: found.id };
      }
    }
    return undefined;
  };
  /** Asked several times by a request, a wrong token counts once. */
  const counted = new WeakSet<Request>();
  const sentKey = (c: Context<HttpEnv>, given: string | undefined): Key | undefined => {
    if (given === undefined || keys.length === 0 || waitOf(c) > 0) return undefined;
    const key = keys.find((each) => each.isSent(given));
    if (key !== undefined || counted.has(c.req.raw)) return key;
    counted.add(c.req.raw);
    guardsOf(c).wrongTokens.add(clientIn(c), given);
    return undefined;
  };
  const grant = async (c: Context<HttpEnv>): Promise<Grant | undefined> => {
    const sent = sentKey(c, authorizationOf(c));
    if (sent !== undefined) return { by: 'token', secrets: sent.secrets };
    const found = await session(c);
    if (found !== undefined) return { by: 'session', secrets: found.key.secrets };
    return required ? undefined : { by: 'nobody', secrets: false };
  };
  const attributes = (c: Context<HttpEnv>) =>
    ({ httpOnly: true, sameSite: 'Strict', path: '/', secure: isHttps(c) }) as const;
  const shown = (granted: Grant | undefined): api.Session => ({
    required,
    active: granted !== undefined,
    secrets: !hasSecrets ? 'none' : granted?.secrets === true ? 'shown' : 'masked',
  });

  const routes = newApi()
    .openapi(getSession, async (c) => c.json(shown(await grant(c)), 200))
    .openapi(openSession, (c) => {
      const wait = waitOf(c);
      if (required && wait > 0) throw tooManyAttempts(wait);
      const key = sentKey(c, `Bearer ${c.req.valid('json').token}`);
      if (key === undefined && required) {
        throw new Problem('WRONG_TOKEN', 'This is not the API token that the server was started with.');
      }
      if (key !== undefined) setCookie(c, COOKIE, key.seal(), { ...attributes(c), maxAge: LIFE_MS / 1_000 });
      return c.json(shown({ by: 'session', secrets: key?.secrets === true }), 200);
    })
    .openapi(closeSession, async (c) => {
      const granted = await grant(c);
      if (granted?.by === 'session') assertNoForgery(c);
      if (c.req.valid('query').everywhere === 'true') {
        if (granted === undefined) throw unauthorized();
        await revoked.add(EVERYBODY);
      } else {
        const own = await session(c);
        if (own !== undefined) await revoked.add(own.id);
      }
      deleteCookie(c, COOKIE, attributes(c));
      return c.json(shown(required ? undefined : { by: 'nobody', secrets: false }), 200);
    });
  const refusal = (c: Context<HttpEnv>): Problem => {
    const wait = authorizationOf(c) === undefined || counted.has(c.req.raw) ? 0 : waitOf(c);
    return wait > 0 ? tooManyAttempts(wait) : unauthorized();
  };
  return { grant, refusal, routes };
}

function guardsOf(c: Context<HttpEnv>): Guards {
  return c.env?.guards ?? usualGuards();
}

/** Milliseconds until a token that the client sends is looked at. */
function waitOf(c: Context<HttpEnv>): number {
  return guardsOf(c).wrongTokens.wait(clientIn(c));
}

function clientIn(c: Context<HttpEnv>): string {
  return c.env?.incoming === undefined ? '' : clientOf(c.env.incoming);
}

function tooManyAttempts(wait: number): Problem {
  const seconds = Math.ceil(wait / 1_000);
  return new Problem('TOO_MANY_ATTEMPTS', `Too many wrong tokens came from there. Try again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
  });
}

/**
 * Every cookie of the name that the browser sends. Cookies know no ports: what another server of this host has set for a longer path
 * comes first, and must not hide ours.
 */
function cookiesOf(c: Context<HttpEnv>): string[] {
  const pairs = (c.req.header('cookie') ?? '').split(';').map((pair) => pair.trim().split('='));
  return pairs
    .flatMap(([name, value]) => (name === COOKIE && value !== undefined ? [value] : []))
    .slice(0, MOST_COOKIES);
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
export function assertOwnPage(c: Context<HttpEnv>): void {
  const site = c.req.header('sec-fetch-site');
  const origin = c.req.header('origin');
  // A proxy in front may speak https; that the host is ours is what counts.
  const isOwn =
    site === undefined
      ? origin === undefined || hostOf(origin) === c.req.header('host')
      : site === 'same-origin' || site === 'none';
  if (!isOwn) throw new Problem('FORBIDDEN_ORIGIN', 'Requests from pages of other web sites are refused.');
}

/** A WebSocket's client that can send no header of its own has the token as the password of its address. */
function authorizationOf(c: Context<HttpEnv>): string | undefined {
  const given = c.req.header('authorization');
  const basic = /^Basic +(\S+)$/i.exec(given ?? '')?.[1];
  if (basic === undefined || c.req.header('upgrade')?.toLowerCase() !== 'websocket') return given;
  return `Bearer ${Buffer.from(basic, 'base64')
    .toString()
    .replace(/^[^:]*:/, '')}`;
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function isHttps(c: Context<HttpEnv>): boolean {
  return new URL(c.req.url).protocol === 'https:' || c.req.header('x-forwarded-proto') === 'https';
}

/**
 * A token, and the cookies that only it could have made: they need no memory, hold on every server with the same token and
 * through restarts, end with the token, and do not tell it.
 */
class Key {
  readonly secrets: boolean;
  /** Whether the value of an Authorization header has the token. */
  readonly isSent: (authorization: string | undefined) => boolean;
  private readonly key: Buffer;

  constructor(token: string, secrets: boolean) {
    this.secrets = secrets;
    this.isSent = tokenCheck(token);
    this.key = createHmac('sha256', token)
      .update(`durachart session${secrets ? ' with secrets' : ''}`)
      .digest();
  }

  seal(): string {
    const text = `${Date.now() + LIFE_MS}.${randomBytes(16).toString('base64url')}`;
    return `${text}.${this.sealOf(text).toString('base64url')}`;
  }

  /** The session that a cookie is of; undefined where it is none, or has run out. */
  open(cookie: string | undefined): OpenSession | undefined {
    const [until, id, seal] = cookie?.split('.') ?? [];
    if (until === undefined || id === undefined || seal === undefined) return undefined;
    const given = Buffer.from(seal, 'base64url');
    const right = this.sealOf(`${until}.${id}`);
    const isWhole = given.length === right.length && timingSafeEqual(given, right) && Number(until) > Date.now();
    return isWhole ? { id, begunAt: Number(until) - LIFE_MS } : undefined;
  }

  private sealOf(text: string): Buffer {
    return createHmac('sha256', this.key).update(text).digest();
  }
}
