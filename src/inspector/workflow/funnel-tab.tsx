import type { Workflow, WorkflowStatistics } from '../../http/types.ts';
import { Loading } from '../kit/loading.tsx';
import { CELL, HEAD, NUMBER, ROW, TABLE } from '../kit/cells.ts';
import { number, percent } from '../kit/number.ts';
import { duration } from '../kit/time.tsx';

/** How many came how far: each state that was entered, how long they stayed, and how many left by an error. */
export function FunnelTab({
  workflow,
  statistics,
}: {
  workflow: Workflow;
  statistics: WorkflowStatistics | undefined;
}) {
  if (statistics === undefined) return <Loading what="the figures" />;
  const place = new Map(workflow.states.map((state, index) => [state, index]));
  const states = statistics.states.toSorted(
    (a, b) => (place.get(a.state) ?? place.size) - (place.get(b.state) ?? place.size),
  );
  const most = Math.max(1, ...states.map(({ entered }) => entered));
  if (states.length === 0) {
    return <p className="p-6 text-sm text-muted">Nothing of {workflow.name} has moved within this period.</p>;
  }
  return (
    // A part that scrolls has to be reached by key.
    <div className="overflow-auto p-4" tabIndex={0} role="region" aria-label="Funnel">
      <div className="min-w-180 rounded-lg border border-line bg-panel">
        <table className={TABLE}>
          <thead>
            <tr>
              <th className={HEAD}>State</th>
              <th className={`${HEAD} w-2/5`}>Entered</th>
              <th className={`${HEAD} ${NUMBER}`}>Left</th>
              <th className={`${HEAD} ${NUMBER}`}>By an error</th>
              <th className={`${HEAD} ${NUMBER}`}>Stays, median</th>
              <th className={`${HEAD} ${NUMBER}`}>95 %</th>
            </tr>
          </thead>
          <tbody>
            {states.map(({ state, entered, exited, p50Ms, p95Ms }) => {
              const errors = errorsFrom(statistics, state);
              return (
                <tr key={state} className={ROW}>
                  <td className={`${CELL} font-medium whitespace-nowrap`}>{state}</td>
                  <td className={CELL}>
                    <span className="flex items-center gap-2">
                      <span className="h-3 rounded-sm bg-running/70" style={{ width: `${(entered / most) * 85}%` }} />
                      <span className="tabular">{number(entered)}</span>
                    </span>
                  </td>
                  <td className={`${CELL} ${NUMBER} text-muted`}>{number(exited)}</td>
                  <td className={`${CELL} ${NUMBER} ${errors > 0 ? 'text-failed' : 'text-faint'}`}>
                    {errors === 0 ? '0' : `${number(errors)} (${percent(errors / Math.max(1, exited))})`}
                  </td>
                  <td className={`${CELL} ${NUMBER} text-muted`}>{p50Ms === null ? '–' : duration(p50Ms)}</td>
                  <td className={`${CELL} ${NUMBER} text-muted`}>{p95Ms === null ? '–' : duration(p95Ms)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </div>
  );
}

/** How often a state was left because a step of it had failed. */
function errorsFrom({ edges }: WorkflowStatistics, state: string): number {
  return edges
    .filter(({ from, event }) => event.startsWith('xstate.error.') && (from === state || from?.startsWith(`${state}.`)))
    .reduce((sum, { taken }) => sum + (taken ?? 0), 0);
}
