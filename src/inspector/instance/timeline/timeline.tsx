import { useState } from 'react';
import type { HistoryEntry, Instance, StepDetail } from '../../../http/types.ts';
import { useMedia } from '../../kit/media.ts';
import { duration, useNow } from '../../kit/time.tsx';
import { CheckField } from '../dialogs/field.tsx';
import { rowsOf, type Row, type Segment } from './rows.ts';
import { hasIdle, scaleOf, type Scale } from './scale.ts';

/** Steps and their attempts over time; what was waited for is told apart from work. */
export function Timeline({
  instance,
  steps,
  history,
  selected,
  onSelect,
}: {
  instance: Instance;
  steps: readonly StepDetail[];
  history: readonly HistoryEntry[];
  /** Key of an invocation. */
  selected: string | undefined;
  onSelect: (key: string) => void;
}) {
  const [folds, setFolds] = useState(true);
  const now = useNow();
  const isNarrow = useMedia('(max-width: 640px)');
  const rows = rowsOf(steps, history, instance.finishedAt === null ? now : new Date(instance.finishedAt).getTime());
  if (rows.length === 0) return <p className="p-4 text-sm text-muted">Nothing has happened yet.</p>;
  const scale = scaleOf(rows, folds);
  const label = isNarrow ? '7rem' : '13rem';
  return (
    <div className="flex flex-col gap-2 p-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-xs text-muted">
        <Key className="bg-running">running</Key>
        <Key className="bg-done">done</Key>
        <Key className="bg-failed">failed</Key>
        <Key className="bg-idle">stopped, lost, skipped</Key>
        <Key className={PATTERNS.backoff}>until the next attempt</Key>
        <Key className={PATTERNS.wait}>waiting</Key>
        {hasIdle(rows) ? (
          <span className="ml-auto">
            <CheckField checked={folds} onChange={setFolds}>
              Fold idle time
            </CheckField>
          </span>
        ) : null}
      </div>
      <div className="relative">
        <Axis scale={scale} label={label} />
        <ul className="relative flex flex-col" aria-label="Timeline">
          {rows.map((row) => (
            <TimelineRow
              key={row.id}
              row={row}
              scale={scale}
              label={label}
              isSelected={row.id === selected}
              onSelect={row.step === null ? undefined : onSelect}
            />
          ))}
        </ul>
      </div>
    </div>
  );
}

function Axis({ scale, label }: { scale: Scale; label: string }) {
  return (
    <div aria-hidden="true" className="pointer-events-none absolute inset-0">
      <div className="absolute inset-y-0 right-0" style={{ left: label }}>
        {scale.ticks.map(({ time, place }, index) => (
          <div
            key={time}
            // On a phone there is room for a few.
            className={`absolute inset-y-0 border-l border-line ${index % 3 === 0 ? '' : 'max-sm:hidden'}`}
            style={{ left: `${place * 100}%` }}
          >
            <span className="tabular pl-1 text-2xs whitespace-nowrap text-faint">{duration(time - scale.from)}</span>
          </div>
        ))}
        {scale.folds.map(({ from, to }) => (
          <div
            key={from}
            className="absolute inset-y-0 flex justify-center overflow-visible border-x border-dashed border-edge bg-sunken"
            style={{ left: `${scale.place(from) * 100}%`, width: `${(scale.place(to) - scale.place(from)) * 100}%` }}
          >
            <span className="tabular mt-3.5 text-2xs whitespace-nowrap text-muted">{duration(to - from)}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

const PATTERNS = {
  queued: 'bg-[repeating-linear-gradient(90deg,var(--c-edge)_0_1px,transparent_1px_5px)]',
  backoff: 'bg-[repeating-linear-gradient(90deg,var(--c-waiting)_0_2px,transparent_2px_6px)]',
  wait: 'bg-[repeating-linear-gradient(135deg,color-mix(in_srgb,var(--c-waiting)_55%,transparent)_0_3px,transparent_3px_7px)]',
} as const;

const OUTCOMES: Readonly<Record<NonNullable<Segment['outcome']>, string>> = {
  running: 'bg-running',
  done: 'bg-done',
  failed: 'bg-failed',
  lost: 'bg-idle',
  stopped: 'bg-idle',
  skipped: 'bg-idle',
};

function TimelineRow({
  row,
  scale,
  label,
  isSelected,
  onSelect,
}: {
  row: Row;
  scale: Scale;
  label: string;
  isSelected: boolean;
  onSelect: ((key: string) => void) | undefined;
}) {
  const words = inWords(row);
  const bars = (
    <span className="relative block h-full min-w-0 flex-1">
      {row.segments.map((segment) => (
        <Bar key={`${segment.kind} ${segment.from}`} segment={segment} scale={scale} />
      ))}
    </span>
  );
  const name = (
    <span
      className={`shrink-0 truncate pr-2 text-left text-xs ${row.kind === 'wait' ? 'text-muted italic' : 'font-medium'}`}
      style={{ width: label }}
    >
      {row.kind === 'wait' ? `waits in ${row.label}` : row.label}
    </span>
  );
  const line = 'flex h-7 w-full items-center rounded';
  return (
    <li className="first:mt-4" title={words}>
      {onSelect === undefined ? (
        <div className={line}>
          {name}
          {bars}
        </div>
      ) : (
        <button
          type="button"
          aria-label={words}
          aria-pressed={isSelected}
          onClick={() => onSelect(row.id)}
          className={`${line} hover:bg-hover/60 ${isSelected ? 'bg-selected' : ''}`}
        >
          {name}
          {bars}
        </button>
      )}
    </li>
  );
}

function Bar({ segment, scale }: { segment: Segment; scale: Scale }) {
  const { kind, from, to, outcome } = segment;
  const left = scale.place(from);
  const look =
    kind === 'work'
      ? `${OUTCOMES[outcome ?? 'done']} ${outcome === 'running' ? 'breathe' : ''} h-3.5 top-1.75`
      : `${PATTERNS[kind]} ${kind === 'wait' ? 'h-3.5 top-1.75' : 'h-1.5 top-2.75'}`;
  return (
    <span
      data-segment={kind}
      className={`absolute min-w-[3px] rounded-xs ${look}`}
      style={{ left: `${left * 100}%`, width: `${(scale.place(to) - left) * 100}%` }}
    />
  );
}

function Key({ className, children }: { className: string; children: string }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <span aria-hidden="true" className={`h-2.5 w-4 rounded-xs ${className}`} />
      {children}
    </span>
  );
}

function inWords({ label, kind, step, segments }: Row): string {
  const total = segments.reduce((sum, { from, to }) => sum + to - from, 0);
  if (kind === 'wait') return `waited ${duration(total)} in ${label}`;
  const attempts = segments.filter((segment) => segment.kind === 'work');
  const each = attempts.map(
    ({ attempt, outcome, errorCode, from, to }) =>
      `attempt ${attempt} ${outcome}${errorCode === null ? '' : ` with ${errorCode}`} in ${duration(to - from)}`,
  );
  return [`${label}: ${step?.status}`, ...each].join(', ');
}
