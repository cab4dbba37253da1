import { memo } from 'react';
import { number, percent } from '../kit/number.ts';
import type { EdgeKind, GraphEdge } from './graph.ts';
import { SMALL_SIZE } from './measure.ts';
import { pathThrough, type PlacedEdge, type Point } from './placed.ts';
import { Until } from './until.tsx';

/** Colour and line of each kind: neither is needed to tell them apart, as labels carry a sign or a word as well. */
export const EDGE_KINDS: Readonly<Record<EdgeKind, { stroke: string; fill: string; dash: string; words: string }>> = {
  event: { stroke: 'stroke-accent', fill: 'fill-accent', dash: '', words: 'event' },
  done: { stroke: 'stroke-done', fill: 'fill-done', dash: '', words: '✓ done' },
  error: { stroke: 'stroke-failed', fill: 'fill-failed', dash: '5 3', words: '✕ error' },
  timer: { stroke: 'stroke-waiting', fill: 'fill-waiting', dash: '1 4', words: 'timer' },
  always: { stroke: 'stroke-idle', fill: 'fill-idle', dash: '9 3 2 3', words: 'always' },
};

/** One transition: a line, an arrow, what makes it happen, and how often it was taken. */
export const ChartEdge = memo(function ChartEdge({
  placed: { edge, points, label },
  count,
  rate,
  faint,
  lively,
  due,
}: {
  placed: PlacedEdge;
  /** How often it was taken; 0 for not at all. */
  count: number;
  /** Of an error's edge: which part of its step's results went here, 0 to 1. */
  rate: number | undefined;
  /** Others are what one looks at now. */
  faint: boolean;
  /** It belongs to the state that is selected. */
  lively: boolean;
  /** When its timer fires. */
  due: string | undefined;
}) {
  const { stroke, fill, dash } = EDGE_KINDS[edge.kind];
  // What often goes wrong is thick.
  const width = count > 0 ? 2.6 + (rate ?? 0) * 4 : lively ? 2 : 1.3;
  return (
    <g data-edge={edge.id} data-taken={count}>
      <title>{inWords(edge, count, rate)}</title>
      <path d={pathThrough(points)} fill="none" strokeWidth="12" className="stroke-transparent" />
      <path
        d={pathThrough(points)}
        fill="none"
        strokeWidth={width}
        strokeDasharray={dash}
        strokeLinecap="round"
        // The way that was taken is to be seen from afar, too.
        vectorEffect={count > 0 ? 'non-scaling-stroke' : undefined}
        className={`${stroke} ${faint ? 'opacity-40' : ''}`}
      />
      <path d={arrowAt(points, count > 0 ? 9 : 7)} className={`${fill} ${faint ? 'opacity-50' : ''}`} />
      {label === null ? null : (
        <>
          <rect
            x={label.x}
            y={label.y}
            width={label.width}
            height={label.height}
            rx="4"
            className="fill-sunken opacity-80"
          />
          <text
            x={label.x + label.width / 2}
            y={label.y + 12}
            textAnchor="middle"
            fontSize={SMALL_SIZE}
            className={count > 0 || lively ? `${fill} font-semibold` : faint ? 'fill-faint' : 'fill-muted'}
          >
            {label.text}
          </text>
          {due === undefined ? null : (
            <text
              x={label.x + label.width / 2}
              y={label.y + 27}
              textAnchor="middle"
              fontSize={SMALL_SIZE}
              className="fill-waiting font-semibold"
            >
              <Until at={due} />
            </text>
          )}
        </>
      )}
      {count > 0 ? <Count points={points} text={countText(count, rate)} fill={fill} /> : null}
    </g>
  );
});

function countText(count: number, rate: number | undefined): string {
  return rate === undefined ? number(count) : `${number(count)} · ${percent(rate)}`;
}

function Count({ points, text, fill }: { points: readonly Point[]; text: string; fill: string }) {
  const { x, y } = before(points, 20);
  const width = 10 + text.length * 6.6;
  return (
    <g aria-hidden="true" style={{ transform: 'scale(var(--figures, 1))', transformOrigin: `${x}px ${y}px` }}>
      <rect
        x={x - width / 2}
        y={y - 8}
        width={width}
        height="16"
        rx="8"
        className={`${fill} stroke-panel`}
        strokeWidth="1.5"
      />
      <text x={x} y={y + 4} textAnchor="middle" fontSize="10.5" className="fill-panel font-bold">
        {text}
      </text>
    </g>
  );
}

function inWords(
  { from, to, name, guard, actions, description, isInternal, also }: GraphEdge,
  count: number,
  rate: number | undefined,
): string {
  return [
    `${name}: ${from || 'machine'} ${isInternal ? 'stays' : `→ ${[to || 'machine', ...also].join(', ')}`}`,
    guard === null ? '' : `if ${guard}`,
    actions.length === 0 ? '' : `does ${actions.join(', ')}`,
    count === 0 ? '' : `taken ${count === 1 ? 'once' : `${count} times`}`,
    rate === undefined ? '' : `${percent(rate)} of the step’s results`,
    description ?? '',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

/** The point on the line this far from its end. */
function before(points: readonly Point[], distance: number): Point {
  const end = points.at(-1) as Point;
  const last = points.at(-2) as Point;
  const length = Math.hypot(end.x - last.x, end.y - last.y) || 1;
  const part = Math.min(distance, length * 0.6) / length;
  return { x: end.x + (last.x - end.x) * part, y: end.y + (last.y - end.y) * part };
}

function arrowAt(points: readonly Point[], size: number): string {
  const end = points.at(-1) as Point;
  const back = before(points, size);
  const length = Math.hypot(end.x - back.x, end.y - back.y) || 1;
  const side = { x: ((end.y - back.y) / length) * size * 0.45, y: ((back.x - end.x) / length) * size * 0.45 };
  return `M${end.x} ${end.y}L${back.x + side.x} ${back.y + side.y}L${back.x - side.x} ${back.y - side.y}Z`;
}
