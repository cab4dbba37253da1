import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createLocalArtifacts } from '../../../src/artifacts/local.ts';
import type { ArtifactStore } from '../../../src/core/artifact.ts';
import { createEngine } from '../../../src/create-engine.ts';
import type { Engine } from '../../../src/engine/api.ts';
import { createApi, type ApiOptions } from '../../../src/http/api.ts';
import { serveApi } from '../../../src/http/serve.ts';
import type { Problem } from '../../../src/http/types.ts';
import type { Workflow } from '../../../src/index.ts';
import { createEndedSessions } from '../../../src/store/ended-sessions.ts';
import { createMigrated } from '../../support/database.ts';
import { approval, Gate } from './workflows.ts';

/** A server on an engine on a database, all real, and what a test asks it with. */
export interface TestServer {
  url: string;
  databaseUrl: string;
  engine: Engine;
  gate: Gate;
  artifacts: ArtifactStore;
  /** Folder of the artifacts. */
  folder: string;
  /** Requests a path. `json` is sent as the body. */
  call(method: string, path: string, options?: CallOptions): Promise<Response>;
  /** The same, with the answer's JSON; fails on another status than the one expected. */
  json<T>(status: number, method: string, path: string, options?: CallOptions): Promise<T>;
  /** The same for a problem, whose form is checked. */
  problem(status: number, method: string, path: string, options?: CallOptions): Promise<Problem>;
  /** Starts an approval and waits until it is in the state. */
  startedIn(state: string, document: string): Promise<string>;
  /** Starts an approval that is held at the gate, and waits until its step is seen to be half done. */
  halfDone(document: `hold ${string}`): Promise<string>;
  close(): Promise<void>;
}

interface CallOptions {
  json?: unknown;
  body?: BodyLike;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}
type BodyLike = NonNullable<NonNullable<Parameters<typeof fetch>[1]>['body']>;

/** How a server is set up, besides the options of its API. */
interface ServerOptions extends Partial<ApiOptions> {
  work?: boolean;
  /** Besides the approval. */
  workflows?: readonly Workflow[];
  /** Ended sessions are kept in the database. */
  sessions?: true;
  /** That of another server. Default: one of its own. */
  database?: string;
}

export async function startServer({ database: shared, ...options }: ServerOptions = {}): Promise<TestServer> {
  const database = shared === undefined ? await createMigrated() : { url: shared, drop: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'durachart-http-'));
  const artifacts = createLocalArtifacts(folder);
  const gate = new Gate();
  const engine = createEngine({
    database: database.url,
    workflows: [approval(gate), ...(options.workflows ?? [])],
    artifacts,
    onFault: () => {},
  }) as Engine;
  if (options.work !== false) await engine.work();
  const endedSessions = options.sessions === undefined ? undefined : createEndedSessions(database.url);
  const api = createApi(engine, {
    artifacts,
    version: '1.2.3',
    ...(endedSessions === undefined ? {} : { endedSessions }),
    ...options,
  });
  const server = await serveApi(api, { port: 0 });

  const call: TestServer['call'] = (method, path, { json, body, headers, signal } = {}) =>
    fetch(server.url + path, {
      method,
      headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(body === undefined ? {} : { body, duplex: 'half' }),
      ...(signal === undefined ? {} : { signal }),
    });
  const expectStatus = async (response: Response, status: number): Promise<unknown> => {
    const text = await response.text();
    if (response.status !== status) throw new Error(`Expected ${status}, got ${response.status}: ${text}`);
    return JSON.parse(text);
  };
  return {
    url: server.url,
    databaseUrl: database.url,
    engine,
    gate,
    artifacts,
    folder,
    call,
    json: async <T>(status: number, ...request: Parameters<TestServer['call']>) =>
      (await expectStatus(await call(...request), status)) as T,
    problem: async (status, ...request) => {
      const response = await call(...request);
      const problem = (await expectStatus(response, status)) as Problem;
      assertProblem(response, problem);
      return problem;
    },
    startedIn: async (state, document) => {
      const { id } = await engine.start('approval', { document } as never);
      for await (const change of engine.subscribe({ id, after: '0' })) {
        if (
          change.type === 'transition'
            ? change.entry.to === state
            : change.type === 'step' && state === change.step.status
        )
          return id;
      }
      throw new Error(`The instance ended without ever being in ${state}.`);
    },
    halfDone: async (document) => {
      const { id } = await engine.start('approval', { document } as never);
      while ((await engine.get(id)).steps[0]?.progress !== 0.5) await setTimeout(5);
      return id;
    },
    close: async () => {
      await server.close();
      await engine.stop({ grace: 0 });
      await endedSessions?.close();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @throws when it is not as RFC 9457 wants it */
function assertProblem(response: Response, problem: Problem): void {
  const right =
    response.headers.get('content-type') === 'application/problem+json' &&
    problem.status === response.status &&
    problem.type === `urn:durachart:problem:${problem.code}` &&
    [problem.title, problem.detail].every((text) => typeof text === 'string' && text !== '') &&
    problem.instance === `urn:uuid:${response.headers.get('x-request-id')}` &&
    (problem.status === 422) === Array.isArray(problem.errors);
  if (!right) throw new Error(`No problem details: ${JSON.stringify(problem)}`);
}
