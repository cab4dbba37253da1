import { X } from 'lucide-react';
import type { Definition, HistoryEntry, Step } from '../../http/types.ts';
import { EDGE_KINDS } from '../chart/edge.tsx';
import { graphOf } from '../chart/graph.ts';
import { invokeIdOf } from '../chart/invocation.ts';
import { Button } from '../kit/button.tsx';
import type { Asking } from './dialogs/operation-dialog.tsx';
import { skippable } from './dialogs/skip-fields.tsx';

/** What is known of the state that was pressed in the chart, and what can be done from there. */
export function SelectedState({
  definition,
  path,
  isCurrent,
  taken,
  history,
  steps,
  legal,
  ask,
  onClose,
}: {
  definition: Definition;
  path: string;
  /** The instance stands there now. */
  isCurrent: boolean;
  taken: ReadonlyMap<string, number>;
  history: readonly HistoryEntry[];
  /** The live invocations. */
  steps: readonly Step[];
  legal: readonly string[];
  ask: (asking: Asking) => void;
  onClose: () => void;
}) {
  const state = definition.states.find((each) => each.path === path);
  if (state === undefined) return null;
  const edges = graphOf(definition).edges.filter(({ from }) => from === path);
  const last = history.findLast(({ to }) => to === path);
  const here = skippable({ steps: [...steps] }).filter(({ key }) =>
    state.invoke.some(({ id }) => invokeIdOf(key) === id),
  );
  return (
    <section
      aria-label={`State ${path}`}
      className="absolute top-2 left-2 z-10 flex max-h-[calc(100%-3.5rem)] w-80 max-w-[calc(100%-1rem)] flex-col gap-2 overflow-y-auto rounded-lg border border-line bg-raised p-3 text-sm shadow-lg"
    >
      <header className="flex items-start justify-between gap-2">
        <h3 className="font-semibold break-all">{path || definition.id}</h3>
        <Button kind="quiet" aria-label="Close the state" onPress={onClose} className="-mt-1 -mr-1 px-1.5!">
          <X size={14} />
        </Button>
      </header>
      {state.description === null ? null : <p className="text-muted">{state.description}</p>}
      {state.entry.length + state.exit.length === 0 ? null : (
        <p className="text-xs text-muted">
          {state.entry.length > 0 ? `on entry: ${state.entry.join(', ')} ` : ''}
          {state.exit.length > 0 ? `on exit: ${state.exit.join(', ')}` : ''}
        </p>
      )}
      {edges.length === 0 ? null : (
        <ul className="flex flex-col gap-1.5 border-t border-line pt-2">
          {edges.map((edge) => (
            <li key={edge.id} className="text-xs">
              <span className="inline-flex flex-wrap items-center gap-x-1.5">
                <svg width="16" height="6" aria-hidden="true">
                  <path
                    d="M1 3H15"
                    strokeWidth="2"
                    strokeDasharray={EDGE_KINDS[edge.kind].dash}
                    className={EDGE_KINDS[edge.kind].stroke}
                  />
                </svg>
                <span className="font-medium">{edge.name}</span>
                {edge.guard === null ? null : <span className="text-muted">[{edge.guard}]</span>}
                <span>{edge.isInternal ? 'stays' : `→ ${[edge.to, ...edge.also].join(', ')}`}</span>
                {(taken.get(edge.id) ?? 0) > 0 ? <span className="font-semibold">×{taken.get(edge.id)}</span> : null}
              </span>
              {edge.actions.length === 0 ? null : <p className="pl-5.5 text-muted">{edge.actions.join(', ')}</p>}
            </li>
          ))}
        </ul>
      )}
      <div className="flex flex-wrap gap-1.5">
        {isCurrent && legal.includes('resume') ? (
          <Button onPress={() => ask({ operation: 'resume' })}>Resume</Button>
        ) : null}
        {last !== undefined && legal.includes('rewind') ? (
          <Button onPress={() => ask({ operation: 'rewind', at: last.sequence })}>Rewind to here</Button>
        ) : null}
        {last !== undefined && legal.includes('fork') ? (
          <Button onPress={() => ask({ operation: 'fork', at: last.sequence })}>Fork from here</Button>
        ) : null}
        {legal.includes('skip')
          ? here.map(({ key, step }) => (
              <Button key={key} onPress={() => ask({ operation: 'skip', step: key })}>
                Skip {step}
              </Button>
            ))
          : null}
        {legal.includes('retry') && here.some(({ status }) => status === 'failed') ? (
          <Button kind="solid" onPress={() => ask({ operation: 'retry' })}>
            Retry
          </Button>
        ) : null}
      </div>
    </section>
  );
}
