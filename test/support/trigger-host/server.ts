import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { apiClientManager, type TriggerTaskRequestBody } from '@trigger.dev/core/v3';
import type { TriggerHost } from './host.ts';
import { isLive, type Run } from './run.ts';

const ROUTES = {
  trigger: /^POST \/api\/v1\/tasks\/([^/]+)\/trigger$/,
  retrieve: /^GET \/api\/v3\/runs\/([^/]+)$/,
  cancel: /^POST \/api\/v2\/runs\/([^/]+)\/cancel$/,
  list: /^GET \/api\/v1\/runs$/,
};

/** The host behind the platform's HTTP API, for an SDK that is a copy of its own: in a bundle, or in another process. */
export async function serveHost(host: TriggerHost): Promise<{ url: string; close(): void }> {
  const server: Server = createServer((request, response) => void respond(host, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // All copies in a process share this.
  apiClientManager.disable();
  apiClientManager.setGlobalAPIClientConfiguration({
    baseURL: url,
    accessToken: process.env['TRIGGER_SECRET_KEY'] ?? '',
  });
  return {
    url,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function respond(host: TriggerHost, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://host');
  const { status, body } = await answer(host, request, url).catch((error: unknown) => ({
    status: (error as { status?: number }).status ?? 500,
    body: { error: (error as Error).message },
  }));
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function answer(
  host: TriggerHost,
  request: IncomingMessage,
  url: URL,
): Promise<{ status: number; body: object }> {
  if (request.headers.authorization !== `Bearer ${process.env['TRIGGER_SECRET_KEY']}`)
    return { status: 401, body: { error: 'Invalid or missing API key' } };
  const matched = (route: RegExp): string | undefined => {
    const match = route.exec(`${request.method} ${url.pathname}`);
    return match === null ? undefined : decodeURIComponent(match[1] ?? '');
  };
  const task = matched(ROUTES.trigger);
  if (task !== undefined)
    return { status: 200, body: host.trigger(task, (await bodyOf(request)) as TriggerTaskRequestBody) };
  const retrieved = matched(ROUTES.retrieve);
  if (retrieved !== undefined) {
    const run = host.all().find(({ id }) => id === retrieved);
    if (run === undefined) return { status: 404, body: { error: 'Run not found' } };
    return {
      status: 200,
      body: { ...wire(run), depth: 0, triggerFunction: 'trigger', relatedRuns: {}, attemptCount: run.attempt },
    };
  }
  const cancelled = matched(ROUTES.cancel);
  if (cancelled !== undefined) {
    host.cancel(cancelled);
    return { status: 200, body: { id: cancelled } };
  }
  if (matched(ROUTES.list) === undefined)
    return { status: 404, body: { error: `No ${request.method} ${url.pathname} here` } };
  const filter = (name: string): string[] => url.searchParams.get(`filter[${name}]`)?.split(',') ?? [];
  const [tags, statuses] = [filter('tag'), filter('status')];
  const data = host
    .all()
    .filter((run) => tags.every((tag) => run.tags.includes(tag)))
    .filter((run) => statuses.length === 0 || statuses.includes(run.status))
    .map((run) => ({ ...wire(run), env: { id: 'double', name: 'dev' } }));
  return { status: 200, body: { data, pagination: {} } };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString());
}

function wire({ id, status, taskId, tags, createdAt, options, metadata }: Run): object {
  return {
    id,
    status,
    taskIdentifier: taskId,
    tags,
    createdAt,
    updatedAt: createdAt,
    ...(options.delay === undefined ? {} : { delayedUntil: options.delay }),
    isQueued: status === 'QUEUED',
    isExecuting: status === 'EXECUTING',
    isWaiting: status === 'WAITING',
    isCompleted: !isLive(status),
    isSuccess: status === 'COMPLETED',
    isFailed: ['FAILED', 'CRASHED', 'TIMED_OUT', 'SYSTEM_FAILURE'].includes(status),
    isCancelled: status === 'CANCELED',
    isTest: false,
    costInCents: 0,
    baseCostInCents: 0,
    durationMs: 0,
    metadata,
  };
}
