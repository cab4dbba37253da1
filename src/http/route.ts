import type { Context } from 'hono';
import type { ArtifactStore } from '../core/artifact.ts';
import { DurachartError } from '../core/error.ts';
import type { Engine } from '../engine/api.ts';
import { newApi, type Api, type HttpEnv } from './env.ts';
import { Problem } from './problem.ts';
import { receive } from './receive.ts';
import { problems } from './routes.ts';

/** Bytes of the body that a pipeline's own route takes, where it says nothing else. */
const BODY_LIMIT = 1024 * 1024;

/** A route that a pipeline brings along: `createApi(engine, { routes: [...] })`. It is handed the body as it came. */
export interface Route {
  method: 'post';
  /** As in OpenAPI: `/webhooks/{provider}`. The API's own routes go first. */
  path: string;
  summary: string;
  /** It asks for no API token, since it finds out by itself who calls: by a signature, for one. */
  open?: boolean;
  /** Bytes of the body at most. Default: 1 MiB. */
  bodyLimit?: number;
  /** Status and title that errors with these codes are answered with; others are as everywhere. */
  problems?: Readonly<Record<string, readonly [status: number, title: string]>>;
  /** Called once, when the API is made: throws where the settings that it needs are not right. */
  check?(): void;
  handle(request: RouteRequest): Promise<RouteResponse>;
}

export interface RouteRequest {
  /** What stands in place of the `{…}` of the path. */
  params: Readonly<Record<string, string>>;
  headers: Headers;
  body: Uint8Array;
  engine: Engine;
  artifacts: ArtifactStore;
}

export interface RouteResponse {
  status: 200 | 201 | 202;
  /** JSON. */
  body: unknown;
}

/** Whether a path leads to a route that asks for no token. */
export function openPaths(routes: readonly Route[]): (path: string) => boolean {
  const patterns = routes.filter(({ open }) => open === true).map(({ path }) => patternOf(path));
  return (path) => patterns.some((pattern) => pattern.test(path));
}

/** The routes of the pipelines. @throws what their checks throw */
export function ownRoutes(routes: readonly Route[], engine: Engine, artifacts: ArtifactStore): Api {
  const api = newApi();
  for (const route of routes) {
    const { method, path, summary, bodyLimit = BODY_LIMIT } = route;
    route.check?.();
    api.openAPIRegistry.registerPath({
      method,
      path,
      summary,
      ...(route.open === true ? { security: [] } : {}),
      request: { body: { required: true, content: { 'application/json': { schema: {} } } } },
      responses: { 202: { description: 'Taken' }, ...problems(400, 404, 413) },
    });
    api.on(method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ':$1'), async (c) => {
      const body = await bodyOf(c, bodyLimit);
      try {
        const params = c.req.param() as Record<string, string>;
        const { status, body: answer } = await route.handle({
          params,
          headers: c.req.raw.headers,
          body,
          engine,
          artifacts,
        });
        return c.json(answer as object, status);
      } catch (error) {
        throw problemOf(error, route);
      }
    });
  }
  return api;
}

function problemOf(error: unknown, { problems: own = {} }: Route): unknown {
  if (!(error instanceof DurachartError)) return error;
  const shown = Object.hasOwn(own, error.code) ? own[error.code] : undefined;
  return shown === undefined ? error : new Problem(error.code, error.message, { details: { ...error.details }, shown });
}

async function bodyOf(c: Context<HttpEnv>, limit: number): Promise<Uint8Array> {
  const tooLarge = (): Problem =>
    new Problem('BODY_TOO_LARGE', `The body has at most ${limit} bytes here.`, {
      details: { limit },
      headers: { connection: 'close' },
    });
  if (Number(c.req.header('content-length') ?? 0) > limit) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of receive(c)) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function patternOf(path: string): RegExp {
  const parts = path.split(/\{\w+\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('[^/]+')}$`);
}
