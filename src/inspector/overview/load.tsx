import type { Overview } from '../../http/types.ts';
import { CELL, HEAD, NUMBER, ROW, TABLE } from '../kit/cells.ts';
import { number } from '../kit/number.ts';

/** Steps that run or want to, by queue. */
export function Load({ load }: { load: Overview['load'] }) {
  if (load.length === 0) return <p className="p-3 text-sm text-muted">No step runs now.</p>;
  return (
    <div className="overflow-x-auto">
      <table className={TABLE}>
        <thead>
          <tr>
            <th className={HEAD}>Step</th>
            <th className={HEAD}>Queue</th>
            <th className={`${HEAD} ${NUMBER}`}>Running</th>
            <th className={`${HEAD} ${NUMBER}`}>Queued</th>
            <th className={`${HEAD} ${NUMBER}`}>Retrying</th>
          </tr>
        </thead>
        <tbody>
          {load.map(({ workflow, step, queue, running, queued, retrying }) => (
            <tr key={`${workflow} ${step} ${queue}`} className={ROW}>
              <td className={CELL}>
                {step}
                <span className="block text-xs text-muted">{workflow}</span>
              </td>
              <td className={`${CELL} text-muted`}>{queue ?? '–'}</td>
              <Amount value={running} />
              <Amount value={queued} />
              <Amount value={retrying} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Amount({ value }: { value: number }) {
  return <td className={`${CELL} ${NUMBER} ${value === 0 ? 'text-faint' : 'font-medium'}`}>{number(value)}</td>;
}
