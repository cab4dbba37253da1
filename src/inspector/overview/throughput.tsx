import { useState } from 'react';
import type { Overview } from '../../http/types.ts';
import type { Period } from '../api/queries.ts';
import { number } from '../kit/number.ts';
import { absolute } from '../kit/time.tsx';
import { PERIOD_MS } from './period.ts';

const HEIGHT = 120;
const BASE = HEIGHT - 18;

interface Bucket {
  at: number;
  started: number;
  done: number;
  transitions: number;
}

/** Instances started and done over time. */
export function Throughput({ overview, period }: { overview: Overview; period: Period }) {
  const [at, setAt] = useState<number>();
  const buckets = bucketsOf(overview, PERIOD_MS[period]);
  const most = Math.max(4, ...buckets.map(({ started, done }) => Math.max(started, done)));
  const total = buckets.reduce(
    (sum, each) => ({
      started: sum.started + each.started,
      done: sum.done + each.done,
      transitions: sum.transitions + each.transitions,
    }),
    { started: 0, done: 0, transitions: 0 },
  );
  const shown = buckets.find((bucket) => bucket.at === at);
  const width = 1000 / buckets.length;
  const y = (value: number): number => BASE - (value / most) * (BASE - 8);
  return (
    <figure className="px-3 pt-2 pb-3">
      <figcaption className="tabular mb-1 flex flex-wrap items-center gap-x-4 text-xs text-muted">
        <Legend colour="bg-running" text={`${number((shown ?? total).started)} started`} />
        <Legend colour="bg-done" text={`${number((shown ?? total).done)} done`} />
        <span>{number((shown ?? total).transitions)} transitions</span>
        <span className="ml-auto">
          {shown === undefined ? `most at a time: ${number(most)}` : absolute(new Date(shown.at).toISOString())}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 1000 ${HEIGHT}`}
        preserveAspectRatio="none"
        className="h-30 w-full"
        role="img"
        aria-label={`${total.started} instances started and ${total.done} done in this period`}
        onPointerLeave={() => setAt(undefined)}
      >
        {[0, 0.5, 1].map((share) => (
          <line
            key={share}
            x1="0"
            x2="1000"
            y1={y(most * share)}
            y2={y(most * share)}
            className="stroke-line"
            vectorEffect="non-scaling-stroke"
          />
        ))}
        {buckets.map((bucket, index) => (
          <g key={bucket.at} onPointerEnter={() => setAt(bucket.at)}>
            <rect
              x={index * width}
              y={0}
              width={width}
              height={BASE}
              className={bucket.at === at ? 'fill-hover' : 'fill-transparent'}
            />
            <Bar x={index * width + width * 0.16} width={width * 0.32} y={y(bucket.started)} colour="fill-running" />
            <Bar x={index * width + width * 0.52} width={width * 0.32} y={y(bucket.done)} colour="fill-done" />
          </g>
        ))}
      </svg>
      <div className="tabular flex justify-between text-2xs text-muted" aria-hidden>
        {[0, 0.25, 0.5, 0.75, 1].map((share) => (
          <span key={share}>{clock(Date.now() - PERIOD_MS[period] * (1 - share), period)}</span>
        ))}
      </div>
    </figure>
  );
}

function Bar({ x, y, width, colour }: { x: number; y: number; width: number; colour: string }) {
  return y >= BASE ? null : <rect x={x} y={y} width={width} height={BASE - y} className={colour} />;
}

function Legend({ colour, text }: { colour: string; text: string }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <span className={`size-2 rounded-sm ${colour}`} aria-hidden />
      {text}
    </span>
  );
}

/** All of the period, also where nothing happened. */
function bucketsOf({ throughput, bucketMs }: Overview, period: number): Bucket[] {
  const byTime = Map.groupBy(throughput, ({ at }) => new Date(at).getTime());
  const end = Math.floor(Date.now() / bucketMs) * bucketMs;
  return Array.from({ length: Math.ceil(period / bucketMs) }, (_, index) => {
    const at = end - (Math.ceil(period / bucketMs) - 1 - index) * bucketMs;
    const own = byTime.get(at) ?? [];
    const sum = (key: 'started' | 'done' | 'transitions'): number => own.reduce((total, each) => total + each[key], 0);
    return { at, started: sum('started'), done: sum('done'), transitions: sum('transitions') };
  });
}

function clock(at: number, period: Period): string {
  return new Date(at).toLocaleString(
    undefined,
    period === '1h' || period === '1d' ? { hour: '2-digit', minute: '2-digit' } : { month: 'short', day: 'numeric' },
  );
}
