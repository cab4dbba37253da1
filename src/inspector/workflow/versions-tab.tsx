import { Link } from '@tanstack/react-router';
import type { Workflow, WorkflowStatistics } from '../../http/types.ts';
import { CELL, HEAD, NUMBER, ROW, TABLE } from '../kit/cells.ts';
import { Loading } from '../kit/loading.tsx';
import { number } from '../kit/number.ts';
import { Time } from '../kit/time.tsx';

/** The versions under which instances were started, and what still goes on under each: what must still be able to run. */
export function VersionsTab({
  workflow,
  statistics,
}: {
  workflow: Workflow;
  statistics: WorkflowStatistics | undefined;
}) {
  if (statistics === undefined) return <Loading what="the figures" />;
  const { versions } = statistics;
  const isNew = !versions.some(({ version }) => version === workflow.version);
  const all = [
    ...(isNew ? [{ version: workflow.version, instances: 0, active: 0, failed: 0, firstAt: null, lastAt: null }] : []),
    ...versions,
  ];
  return (
    // A part that scrolls has to be reached by key.
    <div className="overflow-auto p-4" tabIndex={0} role="region" aria-label="Versions">
      <div className="min-w-150 rounded-lg border border-line bg-panel">
        <table className={TABLE}>
          <thead>
            <tr>
              <th className={HEAD}>Version</th>
              <th className={`${HEAD} ${NUMBER}`}>Started</th>
              <th className={`${HEAD} ${NUMBER}`}>Going on</th>
              <th className={`${HEAD} ${NUMBER}`}>Failed</th>
              <th className={`${HEAD} ${NUMBER}`}>First</th>
              <th className={`${HEAD} ${NUMBER}`}>Last</th>
            </tr>
          </thead>
          <tbody>
            {all.map(({ version, instances, active, failed, firstAt, lastAt }) => (
              <tr key={version} className={ROW}>
                <td className={`${CELL} font-medium`}>
                  {version}
                  {version === workflow.version && (
                    <span className="ml-2 rounded-full bg-selected px-2 py-px text-2xs font-normal">
                      of this server
                    </span>
                  )}
                </td>
                <td className={`${CELL} ${NUMBER}`}>{number(instances)}</td>
                <td className={`${CELL} ${NUMBER} ${active === 0 ? 'text-faint' : ''}`}>{number(active)}</td>
                <td className={`${CELL} ${NUMBER} ${failed === 0 ? 'text-faint' : 'text-failed'}`}>{number(failed)}</td>
                {[firstAt, lastAt].map((at, index) => (
                  // Two times, always in this order.
                  // oxlint-disable-next-line react/no-array-index-key
                  <td key={index} className={`${CELL} ${NUMBER} text-muted`}>
                    {at === null ? '–' : <Time at={at} />}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="mt-2 px-1 text-xs text-muted">
        An instance keeps the version under which it was started, and is moved by the code as it is now.{' '}
        <Link to="/instances" search={{ workflow: workflow.name }} className="text-accent underline">
          All instances
        </Link>
      </p>
    </div>
  );
}
