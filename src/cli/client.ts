import { WebSocket } from 'ws';
import type * as api from '../http/types.ts';
import { CliError, EXIT, exitCodeOf } from './exit.ts';
import { plain } from './text.ts';

export interface StartRequest {
  input?: unknown;
  id?: string;
  tenant?: string;
  tags?: string[];
  priority?: number;
  startAt?: string;
}

export interface RetentionRequest {
  endedBefore: string;
  workflow?: string;
  state?: string;
  status?: string[];
  archive?: string;
  delete?: true;
  dryRun?: true;
}

/** Filters of a list, by the names that the API gives them. */
export type ListQuery = Partial<
  Record<
    | 'workflow'
    | 'status'
    | 'state'
    | 'tag'
    | 'tenant'
    | 'parentId'
    | 'errorCode'
    | 'step'
    | 'is'
    | 'since'
    | 'until'
    | 'limit'
    | 'cursor',
    string
  >
>;

/** The HTTP API, typed. Every method throws CliError with the exit code that fits. */
export class Client {
  readonly url: string;
  private readonly token: string | undefined;

  /** @param url like `http://127.0.0.1:7370` */
  constructor(url: string, token: string | undefined) {
    this.url = url.replace(/\/+$/, '');
    this.token = token;
  }

  /** Opens a WebSocket of the API. @param path like `/stately` */
  socket(path: string): WebSocket {
    const url = this.url.replace(/^http/, 'ws') + path;
    return new WebSocket(url, this.token === undefined ? {} : { headers: { authorization: `Bearer ${this.token}` } });
  }

  workflows(): Promise<{ items: api.WorkflowSummary[] }> {
    return this.json('GET', '/workflows');
  }

  workflow(name: string): Promise<api.Workflow> {
    return this.json('GET', path`/workflows/${name}`);
  }

  start(workflow: string, request: StartRequest, key?: string): Promise<api.Started> {
    return this.json('POST', path`/workflows/${workflow}/instances`, request, key);
  }

  list(query: ListQuery): Promise<api.Page<api.InstanceSummary>> {
    return this.json('GET', `/instances${queryOf(query)}`);
  }

  counts(query: Pick<ListQuery, 'workflow' | 'status' | 'state'>): Promise<{ items: api.Count[] }> {
    return this.json('GET', `/instances/counts${queryOf(query)}`);
  }

  get(id: string): Promise<api.Instance> {
    return this.json('GET', path`/instances/${id}`);
  }

  history(id: string, query: { limit?: string; cursor?: string } = {}): Promise<api.Page<api.HistoryEntry>> {
    return this.json('GET', path`/instances/${id}/history` + queryOf(query));
  }

  steps(id: string): Promise<{ items: api.StepDetail[] }> {
    return this.json('GET', path`/instances/${id}/steps`);
  }

  items(
    id: string,
    step: string,
    query: Partial<Record<'status' | 'limit' | 'cursor', string | undefined>>,
  ): Promise<api.Page<api.StepDetail>> {
    return this.json('GET', path`/instances/${id}/steps/${step}/items` + queryOf(query));
  }

  explain(id: string): Promise<api.Explanation> {
    return this.json('GET', path`/instances/${id}/explain`);
  }

  preview(id: string, event: { type: string; [field: string]: unknown }): Promise<api.Preview> {
    return this.json('POST', path`/instances/${id}/events/preview`, event);
  }

  /** Sends an event. @param wait seconds to wait for what comes of it */
  send(
    id: string,
    event: { type: string; [field: string]: unknown },
    { key, wait }: { key?: string | undefined; wait?: number | undefined } = {},
  ): Promise<api.Sent | api.SentOutcome> {
    const waiting = wait === undefined ? {} : { wait: String(wait * 1_000) };
    return this.json('POST', path`/instances/${id}/events` + queryOf(waiting), event, key);
  }

  /** Moves an instance by hand. @param wait seconds to wait for what comes of it */
  operate(
    id: string,
    operation: string,
    body: object,
    { key, wait }: { key?: string | undefined; wait?: number | undefined },
  ): Promise<api.Operated> {
    // A fork is there at once.
    const waiting = operation === 'fork' || wait === undefined ? {} : { wait: String(wait * 1_000) };
    return this.json('POST', path`/instances/${id}/${operation}` + queryOf(waiting), body, key);
  }

  /** What a bulk operation would do. */
  countBulk(body: object): Promise<api.BulkCount> {
    return this.json('POST', '/operations/bulk', { ...body, dryRun: true });
  }

  /** Does one batch of a bulk operation. */
  bulk(body: object, { key, wait }: { key: string; wait?: number | undefined }): Promise<api.BulkBatch> {
    const waiting = wait === undefined ? {} : { wait: String(wait * 1_000) };
    return this.json('POST', '/operations/bulk' + queryOf(waiting), body, key);
  }

  export(id: string): Promise<api.Export> {
    return this.json('GET', path`/instances/${id}/export`);
  }

  import(body: object, key?: string): Promise<api.Operated> {
    return this.json('POST', '/instances/import', body, key);
  }

  operations(id: string, query: { limit?: string; cursor?: string }): Promise<api.Page<api.Operation>> {
    return this.json('GET', path`/instances/${id}/operations` + queryOf(query));
  }

  /** Pauses a workflow or a queue, or lets it go on. */
  pause(
    operation: 'pause' | 'unpause',
    target: 'workflow' | 'queue' | 'schedule',
    name: string,
    body: object,
    key: string | undefined,
  ): Promise<api.Operation> {
    return this.json('POST', path`/${`${target}s`}/${name}/${operation}`, body, key);
  }

  pauses(): Promise<{ items: api.Paused[] }> {
    return this.json('GET', '/pauses');
  }

  schedules(): Promise<{ items: api.Schedule[] }> {
    return this.json('GET', '/schedules');
  }

  /** Starts an instance of a schedule now. */
  runSchedule(id: string, body: object, key: string | undefined): Promise<api.Operation> {
    return this.json('POST', path`/schedules/${id}/run`, body, key);
  }

  publish(name: string, payload: unknown, key?: string): Promise<api.Published> {
    return this.json('POST', '/events', { name, payload }, key);
  }

  published(query: { name?: string; limit?: string; cursor?: string }): Promise<api.Page<api.PublishedEvent>> {
    return this.json('GET', `/events/published${queryOf(query)}`);
  }

  retention(request: RetentionRequest): Promise<api.Retained> {
    return this.json('POST', '/retention', request);
  }

  reconcile(): Promise<api.Reconciled> {
    return this.json('POST', '/reconcile');
  }

  /** @param body a blob of a file is read while it is sent */
  async upload(name: string, body: Blob): Promise<api.Upload> {
    const headers = { 'content-type': 'application/octet-stream' };
    const response = await this.request('PUT', path`/uploads/${name}`, { body, headers });
    return (await response.json()) as api.Upload;
  }

  /** Opens the stream of one instance's changes, or of all. @param after position to go on after */
  stream(id: string | undefined, after: string | undefined, signal: AbortSignal): Promise<Response> {
    return this.request('GET', id === undefined ? '/events' : path`/instances/${id}/events/stream`, {
      headers: { accept: 'text/event-stream', ...(after === undefined ? {} : { 'last-event-id': after }) },
      signal,
    });
  }

  private async json<T>(method: string, where: string, body?: unknown, key?: string): Promise<T> {
    const response = await this.request(method, where, {
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    try {
      return (await response.json()) as T;
    } catch (error) {
      throw new CliError(EXIT.error, `${this.url} does not answer as a durachart server does.`, {}, error);
    }
  }

  private async request(
    method: string,
    where: string,
    options: { headers?: Record<string, string>; body?: Blob | string; signal?: AbortSignal },
  ): Promise<Response> {
    const authorization = this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
    let response: Response;
    try {
      response = await fetch(this.url + where, {
        method,
        ...options,
        headers: { accept: 'application/json', ...authorization, ...options.headers },
        redirect: 'error',
      });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw this.unreachable(error);
    }
    if (!response.ok) throw await this.refused(response);
    return response;
  }

  private unreachable(error: unknown): CliError {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why =
      cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : cause.name) : String(cause);
    return new CliError(
      EXIT.unreachable,
      `No durachart server answers at ${this.url} (${plain(why)}). Start one with "durachart server", or set DURACHART_URL to where it is.`,
      { code: 'UNREACHABLE', url: this.url },
      error,
    );
  }

  private async refused(response: Response): Promise<CliError> {
    const problem = (await response.json().catch(() => undefined)) as Partial<api.Problem> | undefined;
    if (typeof problem?.code !== 'string') {
      return new CliError(
        EXIT.error,
        `${this.url} does not answer as a durachart server does (status ${response.status}).`,
      );
    }
    const hint = problem.code === 'UNAUTHORIZED' ? ' The CLI takes it from DURACHART_API_TOKEN.' : '';
    return new CliError(
      exitCodeOf(response.status),
      `${problem.detail ?? problem.title ?? problem.code}${hint}`,
      problem,
    );
  }
}

/** A path with its variable parts encoded. */
function path(strings: TemplateStringsArray, ...parts: readonly string[]): string {
  return strings.reduce((all, text, i) => `${all}${encodeURIComponent((parts[i - 1] ?? '').toWellFormed())}${text}`);
}

function queryOf(query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
