import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type {
  Artifact,
  Explanation,
  HistoryEntry,
  Instance,
  Operation,
  Page,
  Snapshot,
  StepDetail,
} from '../../http/types.ts';
import { get, instancePath } from '../api/client.ts';

/** What the page of an instance asks for. The stream says when to ask anew; this often they ask by themselves. */
const POLL_MS = 10_000;
/** More transitions than this are not read at once. */
const MOST = 5_000;

const keyOf = (id: string, what: string) => ['instance', id, what] as const;

/** While it can move; what has ended stays as it is, unless somebody takes it up again. */
const poll = ({ state }: { state: { data?: { status: string } | undefined } }): number | false =>
  state.data?.status === 'done' || state.data?.status === 'cancelled' ? false : POLL_MS;

export const instanceQuery = (id: string) =>
  queryOptions({
    queryKey: keyOf(id, 'instance'),
    queryFn: async ({ signal }) => get<Instance>(instancePath(id), {}, signal),
    refetchInterval: poll,
  });

export const explanationQuery = (id: string) =>
  queryOptions({
    queryKey: keyOf(id, 'explanation'),
    queryFn: async ({ signal }) => get<Explanation>(instancePath(id, '/explain'), {}, signal),
    refetchInterval: poll,
  });

export const historyQuery = (id: string) =>
  queryOptions({
    queryKey: keyOf(id, 'history'),
    queryFn: async ({ signal }) => {
      const entries: HistoryEntry[] = [];
      let cursor: string | undefined;
      do {
        const page: Page<HistoryEntry> = await get(instancePath(id, '/history'), { limit: 500, cursor }, signal);
        entries.push(...page.items);
        cursor = page.next ?? undefined;
      } while (cursor !== undefined && entries.length < MOST);
      return { entries, isCut: cursor !== undefined };
    },
  });

export const stepsQuery = (id: string) =>
  queryOptions({
    queryKey: keyOf(id, 'steps'),
    queryFn: async ({ signal }) => (await get<{ items: StepDetail[] }>(instancePath(id, '/steps'), {}, signal)).items,
  });

export const operationsQuery = (id: string) =>
  queryOptions({
    queryKey: keyOf(id, 'operations'),
    queryFn: async ({ signal }) => get<Page<Operation>>(instancePath(id, '/operations'), { limit: 100 }, signal),
  });

export const artifactsQuery = (id: string) =>
  queryOptions({
    queryKey: keyOf(id, 'artifacts'),
    queryFn: async ({ signal }) => (await get<{ items: Artifact[] }>(instancePath(id, '/artifacts'), {}, signal)).items,
  });

/** A snapshot never changes. */
export const snapshotQuery = (id: string, sequence: number) =>
  queryOptions({
    queryKey: ['snapshot', id, sequence],
    queryFn: async ({ signal }) => get<Snapshot>(instancePath(id, `/snapshots/${sequence}`), {}, signal),
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
