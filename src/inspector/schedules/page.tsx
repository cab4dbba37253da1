import { useQuery } from '@tanstack/react-query';
import type { PublishedEvent, Schedule } from '../../http/types.ts';
import { get } from '../api/client.ts';
import { Empty } from '../kit/empty.tsx';
import { Failed } from '../kit/failed.tsx';
import { Loading } from '../kit/loading.tsx';
import { Panel } from '../kit/panel.tsx';
import { useTitle } from '../kit/title.ts';
import { Published } from './published.tsx';
import { ScheduleList } from './schedule-list.tsx';

/** What starts workflows by itself: schedules, and events that are published. */
export function SchedulesPage() {
  useTitle('Schedules and events');
  const schedules = useQuery({
    queryKey: ['schedules'],
    queryFn: async ({ signal }) => (await get<{ items: Schedule[] }>('/schedules', {}, signal)).items,
    refetchInterval: 5_000,
  });
  const events = useQuery({
    queryKey: ['published'],
    queryFn: async ({ signal }) =>
      (await get<{ items: PublishedEvent[] }>('/events/published', { limit: 50 }, signal)).items,
    refetchInterval: 5_000,
  });
  return (
    <div className="mx-auto w-full max-w-7xl space-y-4 p-4">
      <h1 className="text-lg font-semibold">Schedules and events</h1>
      <Panel title="Schedules">
        <Part
          query={schedules}
          what="the schedules"
          none="No workflow has a schedule"
          hint="schedules in defineWorkflow"
        >
          {(items) => <ScheduleList schedules={items} />}
        </Part>
      </Panel>
      <Panel title="Published events">
        <Part
          query={events}
          what="the events"
          none="No event has been published"
          hint="durachart publish, POST /events"
        >
          {(items) => <Published events={items} />}
        </Part>
      </Panel>
    </div>
  );
}

function Part<T>({
  query: { data, error, refetch },
  what,
  none,
  hint,
  children,
}: {
  query: { data: T[] | undefined; error: Error | null; refetch: () => unknown };
  what: string;
  none: string;
  hint: string;
  children: (items: T[]) => React.ReactNode;
}) {
  if (data === undefined)
    return error === null ? (
      <Loading what={what} />
    ) : (
      <Failed what={`Asking for ${what}`} error={error} again={() => void refetch()} />
    );
  if (data.length === 0)
    return (
      <Empty title={none}>
        <p>
          They come from <code>{hint}</code>.
        </p>
      </Empty>
    );
  return children(data);
}
