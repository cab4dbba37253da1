import type { Workflow, WorkflowStatistics } from '../../http/types.ts';
import { CELL, HEAD, NUMBER, ROW, TABLE } from '../kit/cells.ts';
import { number, percent } from '../kit/number.ts';
import { duration } from '../kit/time.tsx';

type Figures = WorkflowStatistics['steps'][number];

/** The steps, how they are set and how they do. */
export function StepsTab({ workflow, statistics }: { workflow: Workflow; statistics: WorkflowStatistics | undefined }) {
  return (
    // A part that scrolls has to be reached by key.
    <div className="overflow-auto p-4" tabIndex={0} role="region" aria-label="Steps">
      <div className="min-w-240 rounded-lg border border-line bg-panel">
        <table className={TABLE}>
          <thead>
            <tr>
              <th className={HEAD}>Step</th>
              <th className={`${HEAD} ${NUMBER}`}>Runs</th>
              <th className={`${HEAD} ${NUMBER}`}>Failed</th>
              <th className={`${HEAD} ${NUMBER}`}>Retries</th>
              <th className={`${HEAD} ${NUMBER}`}>p50</th>
              <th className={`${HEAD} ${NUMBER}`}>p95</th>
              <th className={`${HEAD} ${NUMBER}`}>p99</th>
              <th className={HEAD}>How long it takes</th>
              <th className={HEAD}>Set to</th>
            </tr>
          </thead>
          <tbody>
            {workflow.steps.map((step) => (
              <Line
                key={step}
                step={step}
                options={workflow.stepOptions[step]}
                figures={statistics?.steps.find((each) => each.step === step)}
              />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Line({
  step,
  options,
  figures,
}: {
  step: string;
  options: Workflow['stepOptions'][string] | undefined;
  figures: Figures | undefined;
}) {
  const ended = (figures?.done ?? 0) + (figures?.failed ?? 0);
  return (
    <tr className={ROW}>
      <td className={`${CELL} align-middle! font-medium`}>{step}</td>
      <td className={`${CELL} ${NUMBER} align-middle!`}>{number(figures?.count ?? 0)}</td>
      <td className={`${CELL} ${NUMBER} align-middle! ${(figures?.failed ?? 0) > 0 ? 'text-failed' : 'text-muted'}`}>
        {ended === 0 ? '–' : percent((figures?.failed ?? 0) / ended)}
      </td>
      <td className={`${CELL} ${NUMBER} align-middle! text-muted`}>{number(figures?.retries ?? 0)}</td>
      {[figures?.p50Ms, figures?.p95Ms, figures?.p99Ms].map((ms, index) => (
        // Three figures, always in this order.
        // oxlint-disable-next-line react/no-array-index-key
        <td key={index} className={`${CELL} ${NUMBER} align-middle! text-muted`}>
          {ms == null ? '–' : duration(ms)}
        </td>
      ))}
      <td className={`${CELL} align-middle!`}>
        <Histogram bars={figures?.histogram ?? []} />
      </td>
      <td className={`${CELL} align-middle! text-xs text-muted`}>{options === undefined ? '' : settings(options)}</td>
    </tr>
  );
}

const WIDTH = 120;
const HEIGHT = 24;

/** Durations, each bar twice as long as the one before. */
function Histogram({ bars }: { bars: Figures['histogram'] }) {
  if (bars.length === 0) return null;
  const logs = bars.map(({ fromMs }) => Math.log2(fromMs));
  const first = Math.min(...logs);
  const places = Math.max(6, Math.max(...logs) - first + 1);
  const most = Math.max(...bars.map(({ count }) => count));
  const width = WIDTH / places;
  return (
    <svg
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={bars.map(({ fromMs, count }) => `${count} from ${duration(fromMs)}`).join(', ')}
    >
      <line x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} className="stroke-line" />
      {bars.map(({ fromMs, count }) => {
        const height = Math.max(2, (count / most) * (HEIGHT - 2));
        return (
          <rect
            key={fromMs}
            x={(Math.log2(fromMs) - first) * width + 0.5}
            y={HEIGHT - height}
            width={width - 1}
            height={height}
            className="fill-running"
          >
            <title>{`${number(count)} took ${duration(fromMs)} to ${duration(fromMs * 2)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}

function settings({
  retry,
  timeout,
  queue,
  concurrency,
  concurrencyPerKey,
  transactional,
}: Workflow['stepOptions'][string]): string {
  return [
    `${retry.maxAttempts} ${retry.maxAttempts === 1 ? 'attempt' : 'attempts'}`,
    ...(timeout === null ? [] : [`at most ${duration(timeout)}`]),
    ...(queue === null ? [] : [`queue ${queue}`]),
    ...(concurrency === null ? [] : [`${concurrency} at a time${concurrencyPerKey ? ' per key' : ''}`]),
    ...(transactional ? ['transactional'] : []),
  ].join(' · ');
}
