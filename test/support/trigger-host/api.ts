import {
  ApiClient,
  apiClientManager,
  createJsonErrorObject,
  parsePacket,
  type TriggerTaskRequestBody,
} from '@trigger.dev/core/v3';
import type { TriggerHost } from './host.ts';
import { currentRun, isLive, type Run } from './run.ts';

/** What the SDK's functions get in place of the platform's HTTP API. */
interface Endpoints {
  triggerTask(taskId: string, body: TriggerTaskRequestBody): Promise<object>;
  retrieveRun(id: string): Promise<object>;
  cancelRun(id: string): Promise<object>;
  listRuns(query?: { tag?: string | string[] }): Promise<object>;
}

/** Lets every ApiClient of this process speak to the host; a dead process gets no answer. */
export function installApi(host: TriggerHost): void {
  process.env['TRIGGER_SECRET_KEY'] = 'tr_dev_double';
  apiClientManager.setGlobalAPIClientConfiguration({ baseURL: 'http://double.invalid', accessToken: 'tr_dev_double' });
  const endpoints: Endpoints = {
    triggerTask: async (taskId, body) => host.trigger(taskId, body),
    retrieveRun: async (id) => retrieve(host, id),
    cancelRun: async (id) => {
      host.cancel(id);
      return { id };
    },
    listRuns: async (query) => {
      const wanted = [query?.tag ?? []].flat();
      return {
        data: host
          .all()
          .filter(({ tags }) => wanted.every((tag) => tags.includes(tag)))
          .map(summary),
      };
    },
  };
  const prototype = ApiClient.prototype as unknown as Endpoints;
  for (const name of Object.keys(endpoints) as (keyof Endpoints)[]) {
    const endpoint = endpoints[name] as (...values: unknown[]) => Promise<object>;
    prototype[name] = async (...values: unknown[]) => {
      // The caller's context: a run's process may die while the API answers.
      const caller = currentRun()?.attempt.process;
      if (caller !== undefined && !caller.alive) return new Promise(() => {});
      const answer = answered(host, async () => host.intercept(name, async () => endpoint(...values)));
      return caller === undefined ? answer : caller.survive(answer);
    };
  }
}

async function answered(host: TriggerHost, call: () => Promise<object>): Promise<object> {
  if (host.unreachable) throw Object.assign(new Error('Connection error.'), { name: 'TriggerApiError' });
  return call();
}

function summary(run: Run): object {
  const { id, status, tags, taskId, createdAt, attempt, metadata } = run;
  return { id, status, tags, taskIdentifier: taskId, createdAt, attemptCount: attempt, metadata };
}

async function retrieve(host: TriggerHost, id: string): Promise<object> {
  const run = host.all().find((other) => other.id === id);
  if (run === undefined) throw Object.assign(new Error('404 Run not found'), { name: 'TriggerApiError', status: 404 });
  const { result, status } = run;
  return {
    ...summary(run),
    output: result?.ok === true ? await parsePacket({ data: result.output, dataType: result.outputType }) : undefined,
    error: result?.ok === false ? createJsonErrorObject(result.error) : undefined,
    isCompleted: !isLive(status),
    isSuccess: status === 'COMPLETED',
    isFailed: ['FAILED', 'CRASHED', 'TIMED_OUT', 'SYSTEM_FAILURE'].includes(status),
    isCancelled: status === 'CANCELED',
  };
}
