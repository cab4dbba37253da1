import { memo, type KeyboardEvent } from 'react';
import { percent } from '../kit/number.ts';
import type { GraphNode } from './graph.ts';
import { LINE_HEIGHT, linesOf, NAME_HEIGHT, NAME_SIZE, SMALL_SIZE } from './measure.ts';
import type { PlacedNode } from './placed.ts';
import { Until } from './until.tsx';
import type { Work } from './work.ts';

/** How an instance stands in the states that are lit. */
export type Tone = 'running' | 'waiting' | 'failed' | 'paused' | 'done' | 'idle' | 'accent';

const TONES: Readonly<Record<Tone, { stroke: string; fill: string }>> = {
  running: { stroke: 'stroke-running', fill: 'fill-running' },
  waiting: { stroke: 'stroke-waiting', fill: 'fill-waiting' },
  failed: { stroke: 'stroke-failed', fill: 'fill-failed' },
  paused: { stroke: 'stroke-paused', fill: 'fill-paused' },
  done: { stroke: 'stroke-done', fill: 'fill-done' },
  idle: { stroke: 'stroke-idle', fill: 'fill-idle' },
  accent: { stroke: 'stroke-accent', fill: 'fill-accent' },
};

/** One state: a box with its name, what it invokes, and how it stands. */
export const ChartNode = memo(function ChartNode({
  placed: { node, x, y, width, height },
  lit,
  selected,
  heat,
  share,
  dwell,
  failingSteps,
  work,
  onSelect,
}: {
  placed: PlacedNode;
  /** Undefined: the instance is elsewhere. */
  lit: Tone | undefined;
  selected: boolean;
  /** How many instances stand here. */
  heat: number | undefined;
  /** Of the most that stand in any state, 0 to 1. */
  share: number;
  /** How long instances stay here, in words. */
  dwell: string | undefined;
  /** Which part of a step's invocations failed, 0 to 1. */
  failingSteps: ReadonlyMap<string, number> | undefined;
  work: ReadonlyMap<string, Work> | undefined;
  onSelect: ((path: string) => void) | undefined;
}) {
  const tone = lit === undefined ? undefined : TONES[lit];
  const select = onSelect === undefined ? {} : pressable(node, () => onSelect(node.id));
  return (
    <g
      className="group outline-none"
      data-state={node.id}
      data-lit={lit !== undefined}
      aria-current={lit !== undefined}
      {...select}
      {...(onSelect === undefined
        ? { role: 'img', 'aria-label': `State ${node.name}${lit === undefined ? '' : ', current'}` }
        : { 'aria-pressed': selected })}
    >
      <rect
        x={x}
        y={y}
        width={width}
        height={height}
        rx={node.type === 'history' ? 16 : 8}
        strokeWidth={selected || lit !== undefined ? 2.2 : 1.2}
        strokeDasharray={node.isRegion ? '5 4' : ''}
        className={`${node.hasChildren ? (node.isRegion ? 'fill-panel' : 'fill-page') : 'fill-panel'} ${
          tone?.stroke ?? (selected ? 'stroke-accent' : 'stroke-edge')
        } group-hover:stroke-accent`}
      />
      {node.type === 'final' ? (
        <rect
          x={x + 3.5}
          y={y + 3.5}
          width={width - 7}
          height={height - 7}
          rx="5"
          fill="none"
          className={tone?.stroke ?? 'stroke-edge'}
        />
      ) : null}
      {tone === undefined ? null : (
        <rect
          x={x}
          y={y}
          width={width}
          height={node.hasChildren ? NAME_HEIGHT : height}
          rx="8"
          className={`${tone.fill} opacity-14`}
        />
      )}
      {share === 0 ? null : (
        <rect
          x={x}
          y={y}
          width={width}
          height={node.hasChildren ? NAME_HEIGHT : height}
          rx="8"
          className="fill-accent"
          opacity={0.08 + share * 0.3}
        />
      )}
      <rect
        x={x - 4}
        y={y - 4}
        width={width + 8}
        height={height + 8}
        rx="11"
        fill="none"
        strokeWidth="2.5"
        className={`${selected ? 'stroke-accent' : 'stroke-transparent'} group-focus-visible:stroke-accent`}
      />
      {node.type === 'history' ? (
        <text x={x + width / 2} y={y + 21} textAnchor="middle" fontSize={NAME_SIZE} className="fill-ink font-semibold">
          {node.history === 'deep' ? 'H*' : 'H'}
        </text>
      ) : (
        <Name node={node} x={x} y={y} fill={tone === undefined ? 'fill-ink' : tone.fill} />
      )}
      {heat === undefined || heat === 0 ? null : <Heat x={x + width} y={y} heat={heat} />}
      {dwell === undefined ? null : (
        <text x={x + width - 4} y={y + height + 12} textAnchor="end" fontSize={SMALL_SIZE} className="fill-muted">
          <title>How long instances stay here, median</title>~ {dwell}
        </text>
      )}
      {linesOf(node).map(({ kind, text }, i) => (
        <Line
          key={`${kind} ${text}`}
          kind={kind}
          text={text}
          x={x}
          y={y + NAME_HEIGHT + i * LINE_HEIGHT}
          width={width}
          work={kind === 'invoke' && lit !== undefined ? work?.get(node.invoke[i]?.id ?? '') : undefined}
          failing={kind === 'invoke' ? failingSteps?.get(node.invoke[i]?.src ?? '') : undefined}
        />
      ))}
    </g>
  );
});

function Name({ node, x, y, fill }: { node: GraphNode; x: number; y: number; fill: string }) {
  return (
    <>
      {node.isInitial ? <circle cx={x + 13} cy={y + 17} r="3.5" className={fill} /> : null}
      <text
        x={x + (node.isInitial ? 23 : 12)}
        y={y + 21.5}
        fontSize={NAME_SIZE}
        className={`${fill} ${node.isRegion ? 'italic' : 'font-semibold'}`}
      >
        {node.name}
      </text>
    </>
  );
}

const SIGNS = { invoke: '▸', entry: '↓', exit: '↑' } as const;

/** Something that a state does; of a step that runs also how far it is. */
function Line({
  kind,
  text,
  x,
  y,
  width,
  work,
  failing,
}: {
  kind: keyof typeof SIGNS;
  text: string;
  x: number;
  y: number;
  width: number;
  work: Work | undefined;
  /** Which part of the step's invocations failed, 0 to 1. */
  failing: number | undefined;
}) {
  const right = work === undefined ? (failing === undefined ? null : `✕ ${percent(failing)}`) : standing(work);
  return (
    <>
      <text x={x + 12} y={y + 12} fontSize={SMALL_SIZE} className="fill-muted">
        {SIGNS[kind]} {text}
      </text>
      {right === null ? null : (
        <text
          x={x + width - 10}
          y={y + 12}
          textAnchor="end"
          fontSize={SMALL_SIZE}
          className={`${work === undefined ? 'fill-failed' : 'fill-ink'} font-semibold`}
        >
          {right}
        </text>
      )}
      {work?.status === 'running' ? (
        <>
          <rect x={x + 12} y={y + 17} width={width - 24} height="3" rx="1.5" className="fill-line" />
          <rect
            x={x + 12}
            y={y + 17}
            width={(width - 24) * (work.progress ?? 1)}
            height="3"
            rx="1.5"
            className={`fill-running ${work.progress === null ? 'breathe' : ''}`}
          />
        </>
      ) : null}
    </>
  );
}

function standing({ status, attempt, maxAttempts, progress, nextAttemptAt }: Work) {
  if (status === 'retrying' && nextAttemptAt !== null)
    return (
      <>
        {attempt}/{maxAttempts} · <Until at={nextAttemptAt} />
      </>
    );
  if (status === 'running') {
    const part = progress === null ? '' : `${Math.round(progress * 100)} %`;
    return [attempt > 1 ? `${attempt}/${maxAttempts}` : '', part].filter((text) => text !== '').join(' · ') || null;
  }
  return status === 'failed' ? `failed ${attempt}/${maxAttempts}` : status === 'done' ? '✓' : status;
}

function Heat({ x, y, heat }: { x: number; y: number; heat: number }) {
  const text = heat.toLocaleString('en');
  const width = 12 + text.length * 7;
  return (
    <g aria-hidden="true" style={{ transform: 'scale(var(--figures, 1))', transformOrigin: `${x}px ${y}px` }}>
      <rect x={x - width + 6} y={y - 9} width={width} height="18" rx="9" className="fill-accent-solid" />
      <text x={x - width / 2 + 6} y={y + 4} textAnchor="middle" fontSize={SMALL_SIZE} className="fill-white font-bold">
        {text}
      </text>
    </g>
  );
}

function pressable(node: GraphNode, press: () => void) {
  return {
    role: 'button',
    tabIndex: node.type === 'history' ? -1 : 0,
    onClick: press,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      press();
    },
  };
}
