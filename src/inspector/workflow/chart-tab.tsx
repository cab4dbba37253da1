import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Count, Definition, Workflow, WorkflowStatistics } from '../../http/types.ts';
import { Chart } from '../chart/chart.tsx';
import { number } from '../kit/number.ts';
import { StatusMark } from '../kit/status.tsx';
import { duration } from '../kit/time.tsx';
import { edgeKey } from './edge-key.ts';
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
  const taken = useMemo(() => takenOf(workflow.definition, statistics), [workflow.definition, statistics]);
  return (
    <div className="flex min-h-0 flex-1 max-lg:flex-col">
      <Chart
        definition={workflow.definition}
        heat={heat}
        taken={taken}
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
      <Ways title="Out" definition={workflow.definition} edges={edges.filter(({ from }) => from === state)} side="to" />
      <Ways title="In" definition={workflow.definition} edges={edges.filter(({ to }) => to === state)} side="from" />
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
  edges,
  side,
}: {
  title: string;
  definition: Definition;
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
            <span className={`tabular ${edge.taken === 0 ? 'text-faint' : ''}`}>
              {edge.taken === null ? '–' : number(edge.taken)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function heatOf(counts: readonly Count[]): Map<string, number> {
  const heat = new Map<string, number>();
  for (const { state, count } of counts) heat.set(state, (heat.get(state) ?? 0) + count);
  return heat;
}

/** By the place of a transition in the definition; those that differ by their guards only have one count. */
function takenOf(definition: Definition, statistics: WorkflowStatistics | undefined): ReadonlyMap<string, number> {
  const counted = new Map(
    statistics?.edges.map(({ from, event, to, taken }) => [edgeKey(from, event, to), taken ?? 0]) ?? [],
  );
  return new Map(
    definition.transitions.flatMap(({ from, event, to }, index) => {
      const count = counted.get(edgeKey(from, event, to[0] ?? from));
      return count === undefined || count === 0 ? [] : [[String(index), count] as const];
    }),
  );
}
