import { useHealth } from '../api/queries.ts';
import { CELL, HEAD, NUMBER, ROW, TABLE } from '../kit/cells.ts';
import { number } from '../kit/number.ts';
import { Age, Time } from '../kit/time.tsx';

/** Processes that move instances, and how many each has in hand. */
export function Workers() {
  const { ready } = useHealth();
  const workers = ready?.workers ?? [];
  if (ready?.remote === true) {
    const { remoteTrouble } = ready;
    return remoteTrouble == null ? (
      <p className="p-3 text-sm text-muted">Instances are moved on Trigger.dev; its dashboard shows the runs.</p>
    ) : (
      <p className="p-3 text-sm text-failed">
        Trigger.dev has not answered since <Time at={remoteTrouble.since} />: {remoteTrouble.detail}. What is started
        and sent is stored, and goes on when it answers.
      </p>
    );
  }
  if (workers.length === 0) {
    return (
      <p className="p-3 text-sm text-muted">
        None is up: instances are read and started, but do not move. <code className="font-mono">npm start</code> brings
        one up.
      </p>
    );
  }
  return (
    <div className="overflow-x-auto">
      <table className={TABLE}>
        <thead>
          <tr>
            <th className={HEAD}>Worker</th>
            <th className={`${HEAD} ${NUMBER}`}>Up for</th>
            <th className={`${HEAD} ${NUMBER}`}>Heard of</th>
            <th className={`${HEAD} ${NUMBER}`}>In hand</th>
          </tr>
        </thead>
        <tbody>
          {workers.map(({ id, name, workflows, startedAt, beatAt, owned }) => (
            <tr key={id} className={ROW}>
              <td className={CELL}>
                {name}
                <span className="block max-w-64 truncate text-xs text-muted" title={workflows.join(', ')}>
                  {workflows.join(', ')}
                </span>
              </td>
              <td className={`${CELL} ${NUMBER} text-muted`}>
                <Age at={startedAt} />
              </td>
              <td className={`${CELL} ${NUMBER} text-muted`}>
                <Time at={beatAt} />
              </td>
              <td className={`${CELL} ${NUMBER} font-medium`}>{number(owned)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
