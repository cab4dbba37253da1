import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { countsQuery, overviewQuery, workflowsQuery, type Period } from '../api/queries.ts';
import { Empty } from '../kit/empty.tsx';
import { Failed } from '../kit/failed.tsx';
import { Loading } from '../kit/loading.tsx';
import { Panel } from '../kit/panel.tsx';
import { Choice } from '../kit/tab-links.tsx';
import { useTitle } from '../kit/title.ts';
import { useLiveLists } from '../list/query.ts';
import { Failures } from './failures.tsx';
import { Load } from './load.tsx';
import { Pauses } from './pauses.tsx';
import { PERIODS } from './period.ts';
import { Stuck } from './stuck.tsx';
import { Throughput } from './throughput.tsx';
import { Tiles } from './tiles.tsx';
import { Workers } from './workers.tsx';

/** How it goes, on one page. */
export function OverviewPage() {
  const { period = '1h' } = useSearch({ from: '/overview' });
  const navigate = useNavigate();
  useTitle('Overview');
  useLiveLists();
  const { data, error, refetch } = useQuery(overviewQuery(period));
  const counts = useQuery(countsQuery()).data;
  const nothing = counts?.length === 0 && data?.throughput.length === 0;
  return (
    <div className="mx-auto w-full max-w-7xl space-y-4 p-4">
      <div className="flex items-center justify-between gap-3">
        <h1 className="text-lg font-semibold">Overview</h1>
        <Choice
          label="Period"
          options={PERIODS}
          value={period}
          onChange={(next: Period) => void navigate({ to: '/overview', search: { period: next }, replace: true })}
        />
      </div>
      {nothing ? (
        <First />
      ) : (
        <>
          <Tiles counts={counts} stuck={data?.stuck} />
          {error !== null && data === undefined && (
            <Failed what="The statistics" error={error} again={() => void refetch()} />
          )}
          {data === undefined && error === null && <Loading what="the statistics" />}
          <Pauses />
          {data !== undefined && (
            <div className="grid gap-4 lg:grid-cols-2">
              <Panel title="Throughput" className="lg:col-span-2">
                <Throughput overview={data} period={period} />
              </Panel>
              <Panel title="Stuck, and why">
                <Stuck stuck={data.stuck} />
              </Panel>
              <Panel title="Failures by code">
                <Failures failures={data.failures} />
              </Panel>
              <Panel title="Steps in hand">
                <Load load={data.load} />
              </Panel>
              <Panel title="Workers">
                <Workers />
              </Panel>
            </div>
          )}
        </>
      )}
    </div>
  );
}

function First() {
  const workflows = useQuery(workflowsQuery).data ?? [];
  return (
    <Empty title="Nothing has run yet">
      <p>Start a workflow here, by the API, or on the command line; what it does shows on this page as it happens.</p>
      <ul className="flex flex-wrap justify-center gap-2">
        {workflows.map(({ name }) => (
          <li key={name}>
            <Link
              to="/workflows/$name"
              params={{ name }}
              search={{ tab: 'start' }}
              className="inline-flex h-7 items-center rounded-md bg-accent-solid px-2.5 font-medium text-white"
            >
              Start {name}
            </Link>
          </li>
        ))}
      </ul>
    </Empty>
  );
}
