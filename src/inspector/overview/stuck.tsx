import { Link } from '@tanstack/react-router';
import type { Overview } from '../../http/types.ts';
import { CELL, HEAD, NUMBER, ROW, TABLE } from '../kit/cells.ts';
import { number } from '../kit/number.ts';
import { Age } from '../kit/time.tsx';

const REASONS: Readonly<Record<string, string>> = {
  FAILED: 'failed, and waits for a retry',
  ACTION_FAILED: 'a custom action failed for good; the machine has gone on',
  CHILD_FAILED: 'an instance that it started failed',
  STATE_UNKNOWN: 'the code no longer has its state',
  OVERDUE: 'its time came, and no worker took it',
  NO_WORKER: 'its time came, and no worker of its workflow is up',
  DEAD_WORKER: 'the worker that holds it is gone',
  STEP_PAST_TIMEOUT: 'a step runs longer than its timeout',
  STEP_SILENT: 'a step is silent for longer than it may',
};

/** Instances that nobody moves though somebody should. */
export function Stuck({ stuck }: { stuck: Overview['stuck'] }) {
  if (stuck.length === 0) return <p className="p-3 text-sm text-muted">Nothing is stuck.</p>;
  return (
    <div className="overflow-x-auto">
      <table className={TABLE}>
        <thead>
          <tr>
            <th className={HEAD}>Reason</th>
            <th className={HEAD}>Workflow</th>
            <th className={`${HEAD} ${NUMBER}`}>Longest</th>
            <th className={`${HEAD} ${NUMBER}`}>Instances</th>
          </tr>
        </thead>
        <tbody>
          {stuck.map(({ reason, workflow, instances, since }) => (
            <tr key={`${reason} ${workflow}`} className={`${ROW} hover:bg-hover`}>
              <td className={CELL}>
                <Link to="/instances" search={{ is: 'stuck', workflow }} className="hover:underline">
                  <code className="font-mono text-xs">{reason}</code>
                  <span className="block text-xs text-muted">{REASONS[reason]}</span>
                </Link>
              </td>
              <td className={`${CELL} text-muted`}>{workflow}</td>
              <td className={`${CELL} ${NUMBER} text-muted`}>
                <Age at={since} />
              </td>
              <td className={`${CELL} ${NUMBER} font-medium`}>{number(instances)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
