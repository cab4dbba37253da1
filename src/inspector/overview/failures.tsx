import { Link } from '@tanstack/react-router';
import type { Overview } from '../../http/types.ts';
import { CELL, HEAD, NUMBER, ROW, TABLE } from '../kit/cells.ts';
import { number } from '../kit/number.ts';
import { Time } from '../kit/time.tsx';

/** Of the instances that are failed now: what failed them, and where. */
export function Failures({ failures }: { failures: Overview['failures'] }) {
  if (failures.length === 0) return <p className="p-3 text-sm text-muted">No instance is failed now.</p>;
  return (
    <div className="overflow-x-auto">
      <table className={TABLE}>
        <thead>
          <tr>
            <th className={HEAD}>Code</th>
            <th className={HEAD}>Where</th>
            <th className={`${HEAD} ${NUMBER}`}>Last</th>
            <th className={`${HEAD} ${NUMBER}`}>Instances</th>
          </tr>
        </thead>
        <tbody>
          {failures.map(({ workflow, errorCode, state, step, instances, lastAt }) => (
            <tr key={`${workflow} ${errorCode} ${state} ${step}`} className={`${ROW} hover:bg-hover`}>
              <td className={CELL}>
                <Link
                  to="/instances"
                  search={{ status: 'failed', workflow, ...(errorCode === null ? {} : { errorCode }) }}
                  className="font-mono text-xs text-failed hover:underline"
                >
                  {errorCode ?? 'no code'}
                </Link>
              </td>
              <td className={CELL}>
                {state}
                <span className="block text-xs text-muted">
                  {workflow}
                  {step !== null && ` · ${step}`}
                </span>
              </td>
              <td className={`${CELL} ${NUMBER} text-muted`}>
                <Time at={lastAt} />
              </td>
              <td className={`${CELL} ${NUMBER} font-medium`}>{number(instances)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
