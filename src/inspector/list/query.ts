import { useInfiniteQuery, useQueryClient, type InfiniteData } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import type { Change, InstanceSummary, Page, Step } from '../../http/types.ts';
import { get } from '../api/client.ts';
import { useChanges } from '../api/live.ts';
import { pace } from '../api/pace.ts';
import { toQuery, type ListSearch } from './search.ts';

type Pages = InfiniteData<Page<InstanceSummary>, string | undefined>;

const PAGE = 100;
/** Where much happens, what comes within it is drawn together. */
const GATHER_MS = 150;
/** How often a list whose instances move is read again, for each of its pages. */
const READ_AGAIN_MS = 1_000;
/** Longer than a list is read. */
const RECENT_MS = 2_000;
const MOST_RECENT = 1_000;

/** What was last told of where those stand that moved last, and when it came. */
const recent = new Map<string, { at: number; change: Change }>();

function remember(change: Change): void {
  const id = idOf(change);
  recent.delete(id);
  recent.set(id, { at: Date.now(), change });
  const [oldest] = recent.keys();
  if (recent.size > MOST_RECENT && oldest !== undefined) recent.delete(oldest);
}

/** What came while an answer was made may be newer than it. */
function upToDate(item: InstanceSummary): InstanceSummary {
  const known = recent.get(item.id);
  return known === undefined || Date.now() - known.at > RECENT_MS ? item : after(item, known.change);
}

export function useInstances(search: ListSearch) {
  return useInfiniteQuery({
    queryKey: ['instances', search],
    queryFn: async ({ pageParam, signal }) => {
      const query = { ...toQuery(search), limit: PAGE, cursor: pageParam };
      const page = await get<Page<InstanceSummary>>('/instances', query, signal);
      return { ...page, items: page.items.map(upToDate) };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  });
}

/**
 * Keeps the lists and counts as the instances are: what is seen changes at once, by what the stream tells; what enters and
 * leaves a filter is seen when the list is read again, a moment later.
 */
export function useLiveLists(): void {
  const client = useQueryClient();
  const gathered = useRef<Change[]>([]);
  const reading = useRef<ReturnType<typeof setTimeout>>(undefined);

  const readAgain = (): void => {
    if (reading.current !== undefined) return;
    const pages = Math.max(
      1,
      ...client
        .getQueriesData<Pages>({ queryKey: ['instances'], type: 'active' })
        .map(([, data]) => data?.pages.length ?? 1),
    );
    reading.current = setTimeout(() => {
      reading.current = undefined;
      void client.invalidateQueries({ queryKey: ['instances'] });
      void client.invalidateQueries({ queryKey: ['counts'] });
    }, READ_AGAIN_MS * pages);
  };
  const apply = useEffectEvent((): void => {
    const byId = Map.groupBy(gathered.current.splice(0), idOf);
    client.setQueriesData<Pages>({ queryKey: ['instances'] }, (data) => data && changed(data, byId));
  });
  const [drawing] = useState(() => pace(GATHER_MS, () => apply()));
  useChanges(
    (change) => {
      gathered.current.push(change);
      drawing.ask();
      // Progress brings nothing into a list, and takes nothing out of it.
      if (change.type === 'step') return;
      remember(change);
      readAgain();
    },
    // What is being read is left to come.
    () => void client.invalidateQueries({}, { cancelRefetch: false }),
  );
  useEffect(
    () => () => {
      drawing.stop();
      clearTimeout(reading.current);
      reading.current = undefined;
    },
    [drawing],
  );
}

function idOf(change: Change): string {
  return change.type === 'transition' ? change.entry.instanceId : change.instanceId;
}

/** The same object where nothing in it changes, so that only what changes is drawn anew. */
function changed(data: Pages, byId: ReadonlyMap<string, Change[]>): Pages {
  let touched = false;
  const pages = data.pages.map((page) => {
    if (!page.items.some(({ id }) => byId.has(id))) return page;
    touched = true;
    return { ...page, items: page.items.map((item) => (byId.get(item.id) ?? []).reduce(after, item)) };
  });
  return touched ? { ...data, pages } : data;
}

function after(item: InstanceSummary, change: Change): InstanceSummary {
  if (change.type === 'step') return { ...item, steps: withStep(item.steps, change.step) };
  if (change.type === 'status') {
    const { status, errorCode, sequence } = change;
    return sequence < item.sequence ? item : { ...item, status, errorCode };
  }
  const { entry, status } = change;
  if (entry.sequence <= item.sequence) return item;
  const moved = entry.from !== entry.to;
  return {
    ...item,
    status,
    state: entry.to,
    sequence: entry.sequence,
    updatedAt: moved ? entry.at : item.updatedAt,
    errorCode: status === 'failed' ? item.errorCode : null,
    steps: item.steps.filter(({ key }) => key !== entry.step?.key && !moved),
  };
}

function withStep(steps: Step[], step: Step): Step[] {
  const others = steps.filter(({ key }) => key !== step.key);
  return step.status === 'done' || step.status === 'stopped' ? others : [...others, step];
}
