import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import type {
  Count,
  InstanceStatus,
  Overview,
  Ready,
  Session,
  Workflow,
  WorkflowStatistics,
  WorkflowSummary,
} from '../../http/types.ts';
import { ApiError, get, OfflineError, workflowPath } from './client.ts';

/** What the page asks more than one part of itself for. */

export type Period = '1h' | '1d' | '7d' | '30d';

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }) => get<Session>('/session', {}, signal),
  staleTime: Infinity,
});

export const workflowsQuery = queryOptions({
  queryKey: ['workflows'],
  queryFn: async ({ signal }) => (await get<{ items: WorkflowSummary[] }>('/workflows', {}, signal)).items,
  staleTime: 60_000,
});

export const workflowQuery = (name: string) =>
  queryOptions({
    queryKey: ['workflow', name],
    queryFn: async ({ signal }) => get<Workflow>(workflowPath(name), {}, signal),
    staleTime: 60_000,
  });

export const workflowStatisticsQuery = (name: string, period: Period) =>
  queryOptions({
    queryKey: ['statistics', name, period],
    queryFn: async ({ signal }) => get<WorkflowStatistics>(workflowPath(name, '/statistics'), { period }, signal),
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
  });

export const overviewQuery = (period: Period) =>
  queryOptions({
    queryKey: ['overview', period],
    queryFn: async ({ signal }) => get<Overview>('/statistics', { period }, signal),
    refetchInterval: 5_000,
    placeholderData: keepPreviousData,
  });

export const countsQuery = (of: { workflow?: string | undefined; status?: InstanceStatus | undefined } = {}) =>
  queryOptions({
    queryKey: ['counts', of],
    queryFn: async ({ signal }) => (await get<{ items: Count[] }>('/instances/counts', of, signal)).items,
    // Whoever shows them is told by the stream; this is for what the stream has missed.
    refetchInterval: 15_000,
    placeholderData: keepPreviousData,
  });

/** How the server is, as far as can be seen from here. */
export interface Health {
  state: 'unknown' | 'well' | 'no server' | 'no database' | 'no worker';
  ready: Ready | undefined;
}

/** Asked again and again, sooner while something is away. */
export const readyQuery = queryOptions({
  queryKey: ['ready'],
  queryFn: async ({ signal }) => {
    try {
      return await get<Ready>('/health/ready', {}, signal);
    } catch (error) {
      // A 503 is an answer: it has the same body.
      if (error instanceof ApiError && error.status === 503) {
        const body = error.problem as Partial<Ready> | undefined;
        return {
          status: 'unavailable',
          database: false,
          latencyMs: null,
          trouble: null,
          workers: [],
          ...body,
        } as Ready;
      }
      throw error;
    }
  },
  refetchInterval: ({ state }) => (state.data?.status === 'ready' && state.status === 'success' ? 3_000 : 1_000),
  refetchIntervalInBackground: true,
  retry: false,
});

export function useHealth(): Health {
  const { data, error } = useQuery(readyQuery);
  if (error instanceof OfflineError) return { state: 'no server', ready: undefined };
  if (data === undefined) return { state: 'unknown', ready: undefined };
  if (data.status === 'unavailable') return { state: 'no database', ready: data };
  return { state: data.workers.length === 0 && data.remote !== true ? 'no worker' : 'well', ready: data };
}
