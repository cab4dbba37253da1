import { createMiddleware } from 'hono/factory';
import type { Logger } from 'pino';
import type { ArtifactStore } from '../core/artifact.ts';
import type { Engine } from '../engine/api.ts';
import { maskedEngine } from '../engine/secrets/masked-engine.ts';
import { artifacts } from './artifacts.ts';
import { bulk } from './bulk.ts';
import { commands } from './commands.ts';
import { endedInMemory, type EndedSessions } from './ended-sessions.ts';
import { newApi, type Api, type HttpEnv, type Services } from './env.ts';
import { localGuard, noNul, tokenGuard } from './guard.ts';
import { explanations } from './explain.ts';
import { health } from './health.ts';
import { inspector } from './inspector.ts';
import { instances } from './instances.ts';
import { createLog, requestLog } from './log.ts';
import { notFound } from './not-found.ts';
import { operations } from './operations.ts';
import { pauses } from './pauses.ts';
import { published } from './published.ts';
import { openApiDocument } from './openapi.ts';
import { problemResponse } from './problem.ts';
import { reconcile } from './reconcile.ts';
import { openPaths, ownRoutes, type Route } from './route.ts';
import { schedules } from './schedules.ts';
import { createAccess } from './session.ts';
import { statistics } from './statistics.ts';
import { retention } from './retention.ts';
import { stately } from './stately/routes.ts';
import { streams } from './stream.ts';
import { transfers } from './transfers.ts';
import { DEFAULT_UPLOAD_LIMIT, uploads } from './uploads.ts';
import { workflows } from './workflows.ts';

export interface ApiOptions {
  /** Where uploads go, and what `/artifacts` shows. */
  artifacts: ArtifactStore;
  /** Bearer token that every request must bring, health and /openapi.json aside. Without one only this machine is let in. */
  token?: string | undefined;
  /** Bearer token that opens what `token` opens, and shows what workflows mark as secret. Without one nobody sees that. */
  secretsToken?: string | undefined;
  /** Keeps the sessions of browsers that were ended before their time. Default: this process alone knows them. */
  endedSessions?: EndedSessions;
  /** Address of Trigger.dev's dashboard, for links to runs. Default: without links. */
  dashboard?: string | undefined;
  /** Of the package; shown by /health/live and /openapi.json. */
  version?: string;
  /** Bytes that an upload may have. Default: 2 GiB. */
  uploadLimit?: number;
  /** What is wrong with the embedded Postgres that this process keeps running (`EmbeddedServer.trouble`). Default: there is none. */
  embeddedTrouble?: () => string | undefined;
  /** Routes that pipelines bring along. */
  routes?: readonly Route[];
  /** Folder of the inspector, as `npm run build` makes it. Default: the one that comes with the package. */
  inspector?: string;
  /** Default: nothing is logged. */
  log?: Logger;
}

const secured = new WeakSet<Api>();

/** The HTTP API of an engine, as a Hono application: `serveApi` makes it listen. */
export function createApi(engine: Engine, options: ApiOptions): Api {
  const { token, secretsToken } = options;
  const services: Services = {
    artifacts: options.artifacts,
    version: options.version ?? '0',
    dashboard: options.dashboard?.replace(/\/+$/, ''),
    uploadLimit: options.uploadLimit ?? DEFAULT_UPLOAD_LIMIT,
    embeddedTrouble: options.embeddedTrouble ?? (() => undefined),
  };
  const masked = maskedEngine(engine);
  const access = createAccess({
    token,
    secretsToken,
    hasSecrets: masked !== engine,
    ended: options.endedSessions ?? endedInMemory(),
  });
  const api = newApi();
  api.onError(problemResponse);
  api.notFound(notFound(api));
  api.use(requestLog(options.log ?? createLog('silent')));
  api.use(plainHeaders);
  api.use(token === undefined ? localGuard : tokenGuard(access, openPaths(options.routes ?? [])));
  api.use(noNul);
  api.use(async (c, next) => {
    const shown = masked === engine || (secretsToken !== undefined && (await access.grant(c))?.secrets === true);
    c.set('engine', shown ? engine : masked);
    c.set('secrets', shown);
    await next();
  });

  api.route('/', workflows());
  api.route('/', statistics());
  api.route('/', instances());
  api.route('/', commands());
  api.route('/', bulk());
  api.route('/', transfers());
  api.route('/', operations());
  api.route('/', pauses());
  api.route('/', published());
  api.route('/', schedules());
  api.route('/', explanations());
  api.route('/', streams());
  api.route('/', stately());
  api.route('/', uploads(services));
  api.route('/', artifacts(services));
  api.route('/', reconcile());
  api.route('/', retention());
  api.route(
    '/',
    health(services, async (c) => (await access.grant(c)) !== undefined),
  );

  api.route('/', ownRoutes(options.routes ?? [], engine, options.artifacts));
  api.route('/', access.routes);
  api.route('/', inspector(options.inspector));

  if (token !== undefined) {
    secured.add(api);
    api.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  }
  let document: object | undefined;
  api.get('/openapi.json', (c) => c.json((document ??= openApiDocument(api, services.version, token !== undefined))));
  return api;
}

/** Whether an API asks for a token, and so may be reached from elsewhere. */
export function isSecured(api: Api): boolean {
  return secured.has(api);
}

const plainHeaders = createMiddleware<HttpEnv>(async (c, next) => {
  await next();
  c.header('x-content-type-options', 'nosniff');
  if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store');
});
