import { Undo2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { Definition, Workflow } from '../../http/types.ts';
import { Chart } from '../chart/chart.tsx';
import { Button } from '../kit/button.tsx';
import { duration } from '../kit/time.tsx';
import { eventWords } from './event-words.ts';
import { after, begin, choices, valueOf } from './simulation.ts';

type Transition = Definition['transitions'][number];

/** The machine, to be clicked through: one chooses what each step brings and which event comes. Nothing is run. */
export function SimulateTab({ workflow: { definition } }: { workflow: Workflow }) {
  const [taken, setTaken] = useState<readonly number[]>([]);
  const at = useMemo(
    () =>
      taken.reduce((here, index) => {
        const transition = definition.transitions[index];
        return transition === undefined ? here : after(definition, here, transition);
      }, begin(definition)),
    [definition, taken],
  );
  const counts = useMemo(
    () => new Map([...Map.groupBy(taken, String)].map(([index, each]) => [index, each.length])),
    [taken],
  );
  const open = choices(definition, at);
  return (
    <div className="flex min-h-0 flex-1 max-lg:flex-col">
      <Chart definition={definition} current={valueOf(at)} taken={counts} className="min-h-90 flex-1" />
      <aside
        aria-label="What happens"
        className="flex w-96 shrink-0 flex-col gap-3 overflow-auto border-l border-line bg-panel p-4 max-lg:w-full max-lg:border-t max-lg:border-l-0"
      >
        <div>
          <h2 className="text-sm font-semibold">What happens next?</h2>
          <p className="text-xs text-muted">
            Nothing is run: you say what each step brings, and whether guards hold. The context is not there.
          </p>
        </div>
        <p role="status" className="text-sm">
          In <strong className="font-semibold break-words">{at.join(', ')}</strong>
        </p>
        {open.length === 0 && <p className="text-sm text-muted">Nothing more: this is an end.</p>}
        <ul className="space-y-1">
          {open.map(({ index, transition }) => (
            <li key={index}>
              <button
                type="button"
                onClick={() => setTaken([...taken, index])}
                className="w-full rounded-md border border-line px-2.5 py-1.5 text-left text-sm hover:bg-hover"
              >
                <span className="flex items-baseline justify-between gap-2">
                  <span className="font-medium">{wordsOf(definition, transition)}</span>
                  <span className="truncate text-xs text-muted">{transition.to.join(', ') || 'stays'}</span>
                </span>
                {transition.guard !== null && (
                  <span className="block font-mono text-2xs text-muted">if {transition.guard}</span>
                )}
              </button>
            </li>
          ))}
        </ul>
        <div className="flex gap-2">
          <Button isDisabled={taken.length === 0} onPress={() => setTaken(taken.slice(0, -1))}>
            <Undo2 className="size-3.5" aria-hidden /> Back
          </Button>
          <Button isDisabled={taken.length === 0} onPress={() => setTaken([])}>
            From the start
          </Button>
        </div>
      </aside>
    </div>
  );
}

/** Of a timer, how long it is; else what the event is called. */
function wordsOf(definition: Definition, { event, from, delay }: Transition): string {
  if (delay !== null) return `after ${typeof delay === 'number' ? duration(delay) : delay}`;
  return eventWords(definition, from, event);
}
