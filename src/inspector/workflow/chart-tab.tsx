import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Count, Definition, Workflow, WorkflowStatistics } from '../../http/types.ts';
import { Chart } from '../chart/chart.tsx';
import { number, percent } from '../kit/number.ts';
import { StatusMark } from '../kit/status.tsx';
import { duration } from '../kit/time.tsx';
import { edgeHeat, failingSteps, failureRate } from './edge-heat.ts';
import { eventWords } from './event-words.ts';

/** The machine, with how many stand where and which ways were taken; beside it, all there is to know of one state. */
export function ChartTab({
  workflow,
  counts,
  statistics,
  selected,
  onSelect,
}: {
  workflow: Workflow;
  counts: Count[];
  statistics: WorkflowStatistics | undefined;
  selected: string | undefined;
  onSelect: (path: string) => void;
}) {
  const heat = useMemo(() => heatOf(counts), [counts]);
  const edges = useMemo(
    () => edgeHeat(workflow.definition, statistics?.edges ?? []),
    [workflow.definition, statistics],
  );
  const failing = useMemo(() => failingSteps(statistics), [statistics]);
  const dwell = useMemo(() => dwellOf(statistics), [statistics]);
  return (
    <div className="flex min-h-0 flex-1 max-lg:flex-col">
      <Chart
        definition={workflow.definition}
        heat={heat}
        taken={edges.taken}
        failing={edges.failing}
        failingSteps={failing}
        dwell={dwell}
        selected={selected}
        onSelect={onSelect}
        className="min-h-90 flex-1"
      />
      <aside
        aria-label="State"
        className="w-80 shrink-0 overflow-auto border-l border-line bg-panel p-4 max-lg:w-full max-lg:border-t max-lg:border-l-0"
      >
        {selected === undefined ? (
          <States workflow={workflow} counts={counts} onSelect={onSelect} />
        ) : (
          <OneState workflow={workflow} counts={counts} statistics={statistics} state={selected} />
        )}
      </aside>
    </div>
  );
}

/** Where instances stand now, most first. */
function States({
  workflow,
  counts,
  onSelect,
}: {
  workflow: Workflow;
  counts: Count[];
  onSelect: (path: string) => void;
}) {
  const places = [...heatOf(counts)].sort(([, a], [, b]) => b - a);
  if (places.length === 0) {
    return (
      <p className="text-sm text-muted">
        No instance of {workflow.name} yet.{' '}
        <Link
          to="/workflows/$name"
          params={{ name: workflow.name }}
          search={{ tab: 'start' }}
          className="text-accent underline"
        >
          Start one
        </Link>
        , and see it move here.
      </p>
    );
  }
  return (
    <>
      <h2 className="mb-2 text-sm font-semibold">Where instances stand</h2>
      <ul>
        {places.map(([state, count]) => (
          <li key={state}>
            <button
              type="button"
              onClick={() => onSelect(state)}
              className="flex h-7 w-full items-center justify-between gap-2 rounded-md px-2 text-left text-sm hover:bg-hover"
            >
              <span className="truncate">{state}</span>
              <span className="tabular text-muted">{number(count)}</span>
            </button>
          </li>
        ))}
      </ul>
      <p className="mt-3 text-xs text-muted">Choose a state for what goes in and out of it.</p>
    </>
  );
}

function OneState({
  workflow,
  counts,
  statistics,
  state,
}: {
  workflow: Workflow;
  counts: Count[];
  statistics: WorkflowStatistics | undefined;
  state: string;
}) {
  const definition = workflow.definition.states.find(({ path }) => path === state);
  const here = counts.filter((count) => count.state === state);
  const dwell = statistics?.states.find((each) => each.state === state);
  const edges = statistics?.edges.filter(({ from, to }) => from === state || to === state) ?? [];
  return (
    <div className="space-y-4">
      <div>
        <h2 className="text-sm font-semibold break-words">{state}</h2>
        {definition?.description != null && <p className="text-sm text-muted">{definition.description}</p>}
      </div>
      <ul className="space-y-1 text-sm">
        {here.map(({ status, count, more }) => (
          <li key={status}>
            <Link
              to="/instances"
              search={{ workflow: workflow.name, state, status }}
              className="flex items-center gap-2 hover:underline"
            >
              <StatusMark status={status} /> {status}
              <span className="tabular ml-auto">
                {number(count)}
                {more ? '+' : ''}
              </span>
            </Link>
          </li>
        ))}
        {here.length === 0 && <li className="text-muted">No instance stands here now.</li>}
      </ul>
      {dwell !== undefined && (
        <dl className="grid grid-cols-[1fr_auto] gap-y-1 text-sm">
          <Fact term="Entered" value={number(dwell.entered)} />
          <Fact term="Left" value={number(dwell.exited)} />
          <Fact term="Stays, median" value={dwell.p50Ms === null ? '–' : duration(dwell.p50Ms)} />
          <Fact term="Stays, 95 %" value={dwell.p95Ms === null ? '–' : duration(dwell.p95Ms)} />
        </dl>
      )}
      <Ways
        title="Out"
        definition={workflow.definition}
        all={statistics?.edges ?? []}
        edges={edges.filter(({ from }) => from === state)}
        side="to"
      />
      <Ways
        title="In"
        definition={workflow.definition}
        all={statistics?.edges ?? []}
        edges={edges.filter(({ to }) => to === state)}
        side="from"
      />
    </div>
  );
}

function Fact({ term, value }: { term: string; value: string }) {
  return (
    <>
      <dt className="text-muted">{term}</dt>
      <dd className="tabular text-right">{value}</dd>
    </>
  );
}

function Ways({
  title,
  definition,
  all,
  edges,
  side,
}: {
  title: string;
  definition: Definition;
  /** All edges there are. */
  all: WorkflowStatistics['edges'];
  edges: WorkflowStatistics['edges'];
  side: 'from' | 'to';
}) {
  if (edges.length === 0) return null;
  return (
    <section>
      <h3 className="mb-1 text-xs font-medium text-muted">{title}</h3>
      <ul className="divide-y divide-line">
        {edges.map((edge) => (
          <li key={`${edge.from} ${edge.event} ${edge.to}`} className="flex items-baseline gap-2 py-1 text-sm">
            <span className="min-w-0 flex-1">
              <span className="block truncate">{edge[side] ?? 'the start'}</span>
              <span className="block truncate text-xs text-muted" title={edge.event}>
                {eventWords(definition, edge.from, edge.event)}
              </span>
            </span>
            <span className={`tabular text-right ${edge.taken === 0 ? 'text-faint' : ''}`}>
              {edge.taken === null ? '–' : number(edge.taken)}
              <Rate rate={edge.taken === 0 ? null : failureRate(all, edge)} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Which part of a step's results is an error. */
function Rate({ rate }: { rate: number | null }) {
  return rate === null ? null : <span className="block text-xs text-failed">{percent(rate)} fail</span>;
}

/** How long instances usually stay in a state, by its path. */
function dwellOf(statistics: WorkflowStatistics | undefined): ReadonlyMap<string, string> {
  return new Map(
    statistics?.states.flatMap(({ state, p50Ms }) => (p50Ms === null ? [] : [[state, duration(p50Ms)]])) ?? [],
  );
}

function heatOf(counts: readonly Count[]): Map<string, number> {
  const heat = new Map<string, number>();
  for (const { state, count } of counts) heat.set(state, (heat.get(state) ?? 0) + count);
  return heat;
}
