import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { ApiError } from '../api/client.ts';
import { countsQuery, workflowQuery, workflowStatisticsQuery, type Period } from '../api/queries.ts';
import { Empty } from '../kit/empty.tsx';
import { Failed } from '../kit/failed.tsx';
import { Loading } from '../kit/loading.tsx';
import { Choice } from '../kit/tab-links.tsx';
import { useTitle } from '../kit/title.ts';
import { useLiveLists } from '../list/query.ts';
import { PERIODS } from '../overview/period.ts';
import { ChartTab } from './chart-tab.tsx';
import { FunnelTab } from './funnel-tab.tsx';
import { SchemasTab } from './schemas-tab.tsx';
import { SimulateTab } from './simulate-tab.tsx';
import { StartTab } from './start-tab.tsx';
import { StepsTab } from './steps-tab.tsx';
import { VersionsTab } from './versions-tab.tsx';
import { TABS, type TabName } from './tabs.ts';

/** One workflow: its chart with what stands where, its figures, and a form to start it. */
export function WorkflowPage({ name }: { name: string }) {
  useTitle(name);
  useLiveLists();
  const search = useSearch({ from: '/workflows/$name' });
  const navigate = useNavigate();
  const { tab = 'chart', period = '1d', state } = search;
  const { data: workflow, error, refetch } = useQuery(workflowQuery(name));
  const statistics = useQuery({ ...workflowStatisticsQuery(name, period), enabled: workflow !== undefined }).data;
  const counts = useQuery(countsQuery({ workflow: name })).data ?? [];
  const go = (change: Partial<typeof search>): void =>
    void navigate({ to: '/workflows/$name', params: { name }, search: { ...search, ...change }, replace: true });

  if (error instanceof ApiError && error.status === 404) {
    return (
      <Empty title={`There is no workflow ${name}`}>
        <p>
          <Link to="/workflows" className="text-accent underline">
            All workflows
          </Link>
        </p>
      </Empty>
    );
  }
  if (workflow === undefined) {
    if (error !== null) return <Failed what="The workflow" error={error} again={() => void refetch()} />;
    return <Loading what="the workflow" />;
  }
  const hasPeriod = ['chart', 'steps', 'funnel', 'versions'].includes(tab);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line bg-panel px-4 py-2.5">
        <div className="min-w-0 flex-1 basis-60">
          <h1 className="truncate text-lg leading-tight font-semibold">
            {name} <span className="tabular text-xs font-normal text-muted">version {workflow.version}</span>
          </h1>
          {workflow.description !== null && <p className="truncate text-sm text-muted">{workflow.description}</p>}
        </div>
        <div className="ml-auto flex max-w-full min-w-0 flex-wrap items-center gap-2">
          {hasPeriod && (
            <Choice label="Period" options={PERIODS} value={period} onChange={(next: Period) => go({ period: next })} />
          )}
          <Choice label="Part" options={TABS} value={tab} onChange={(next: TabName) => go({ tab: next })} />
          <Link
            to="/instances"
            search={{ workflow: name }}
            className="inline-flex h-7 items-center rounded-md border border-line bg-raised px-2.5 text-sm font-medium hover:bg-hover"
          >
            Instances
          </Link>
        </div>
      </div>
      {tab === 'chart' && (
        <ChartTab
          workflow={workflow}
          counts={counts}
          statistics={statistics}
          selected={state}
          onSelect={(path) => go({ state: path === state ? undefined : path })}
        />
      )}
      {tab === 'steps' && <StepsTab workflow={workflow} statistics={statistics} />}
      {tab === 'funnel' && <FunnelTab workflow={workflow} statistics={statistics} />}
      {tab === 'versions' && <VersionsTab workflow={workflow} statistics={statistics} />}
      {tab === 'simulate' && <SimulateTab workflow={workflow} />}
      {tab === 'start' && <StartTab workflow={workflow} />}
      {tab === 'schemas' && <SchemasTab workflow={workflow} />}
    </div>
  );
}
