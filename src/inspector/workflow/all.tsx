import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { countsQuery, workflowsQuery } from '../api/queries.ts';
import { Empty } from '../kit/empty.tsx';
import { Failed } from '../kit/failed.tsx';
import { Loading } from '../kit/loading.tsx';
import { number } from '../kit/number.ts';
import { STATUSES, StatusMark } from '../kit/status.tsx';
import { useTitle } from '../kit/title.ts';
import { useLiveLists } from '../list/query.ts';

/** The workflows that the server knows. */
export function WorkflowsPage() {
  useTitle('Workflows');
  useLiveLists();
  const { data, error, refetch } = useQuery(workflowsQuery);
  const counts = useQuery(countsQuery()).data ?? [];
  return (
    <div className="mx-auto w-full max-w-5xl p-4">
      <h1 className="mb-3 text-lg font-semibold">Workflows</h1>
      {error !== null && data === undefined && (
        <Failed what="The workflows" error={error} again={() => void refetch()} />
      )}
      {data === undefined && error === null && <Loading what="workflows" />}
      {data?.length === 0 && (
        <Empty title="The server knows no workflow">
          <p>
            Make one with <code className="font-mono">defineWorkflow</code>, and hand it to{' '}
            <code className="font-mono">createEngine</code>.
          </p>
        </Empty>
      )}
      <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-panel empty:hidden">
        {data?.map(({ name, version, description, steps }) => {
          const own = counts.filter((count) => count.workflow === name);
          return (
            <li key={name} className="relative px-4 py-3 hover:bg-hover">
              <div className="flex flex-wrap items-baseline gap-x-2">
                <Link
                  to="/workflows/$name"
                  params={{ name }}
                  search={{}}
                  className="text-base font-semibold after:absolute after:inset-0"
                >
                  {name}
                </Link>
                <span className="tabular text-xs text-muted">version {version}</span>
                <span className="ml-auto text-xs text-muted">
                  {steps.length} {steps.length === 1 ? 'step' : 'steps'}
                </span>
              </div>
              {description !== null && <p className="text-sm text-muted">{description}</p>}
              <ul className="mt-1.5 flex flex-wrap gap-x-4 gap-y-1 text-xs">
                {STATUSES.map((status) => {
                  const each = own.filter((count) => count.status === status);
                  const total = each.reduce((sum, { count }) => sum + count, 0);
                  return total === 0 ? null : (
                    <li key={status} className="flex items-center gap-1.5">
                      <StatusMark status={status} />
                      <span className="tabular font-medium">
                        {number(total)}
                        {each.some(({ more }) => more) ? '+' : ''}
                      </span>
                      <span className="text-muted">{status}</span>
                    </li>
                  );
                })}
              </ul>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
