import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { HistoryEntry, Instance, Workflow } from '../../http/types.ts';
import { Chart } from '../chart/chart.tsx';
import { litBy } from '../chart/lit.ts';
import type { Tone } from '../chart/node.tsx';
import { countTaken } from '../chart/taken.ts';
import { workOf } from '../chart/work.ts';
import { Panel } from '../kit/panel.tsx';
import type { Asking } from './dialogs/operation-dialog.tsx';
import { snapshotQuery } from './queries.ts';
import { Scrubber } from './scrubber.tsx';
import { SelectedState } from './selected-state.tsx';

const TONES: Readonly<Record<Instance['status'], Tone>> = {
  scheduled: 'idle',
  running: 'running',
  waiting: 'waiting',
  paused: 'paused',
  done: 'done',
  failed: 'failed',
  cancelled: 'idle',
};

/** The statechart with the way that was taken, now or at another moment of the history. */
export function ChartPanel({
  instance,
  workflow,
  entries,
  at,
  onScrub,
  legal,
  ask,
}: {
  instance: Instance;
  workflow: Workflow;
  entries: readonly HistoryEntry[];
  /** Place among the entries; undefined: now. */
  at: number | undefined;
  onScrub: (at: number | undefined) => void;
  legal: readonly string[];
  ask: (asking: Asking) => void;
}) {
  const [selected, setSelected] = useState<string>();
  const { definition } = workflow;
  const entry = at === undefined ? undefined : entries[at];
  const { data: snapshot } = useQuery({
    ...snapshotQuery(instance.id, entry?.sequence ?? 0),
    enabled: entry !== undefined,
    placeholderData: keepPreviousData,
  });
  const way = useMemo(
    () => countTaken(definition, at === undefined ? entries : entries.slice(0, at + 1)),
    [definition, entries, at],
  );
  const work = useMemo(() => workOf(instance.steps), [instance.steps]);
  const timers = useMemo(() => new Map(instance.timers.map(({ id, dueAt }) => [id, dueAt])), [instance.timers]);
  const isLive = entry === undefined;
  const value = isLive ? instance.value : snapshot?.value;
  return (
    <Panel
      title="Statechart"
      aside={
        isLive ? null : (
          <span className="text-xs font-semibold text-waiting">as it was after transition {entry.sequence}</span>
        )
      }
      className="overflow-hidden"
    >
      <div className="relative flex flex-1 flex-col">
        <Chart
          definition={definition}
          current={value}
          tone={isLive ? TONES[instance.status] : 'accent'}
          taken={way}
          {...(isLive ? { work, timers } : {})}
          selected={selected}
          onSelect={(path) => setSelected(path === selected ? undefined : path)}
          className="min-h-[max(20rem,min(62vh,40rem))] flex-1"
        />
        {selected === undefined ? null : (
          <SelectedState
            definition={definition}
            path={selected}
            isCurrent={isLive && litBy(value).has(selected)}
            taken={way}
            history={entries}
            steps={instance.steps}
            legal={legal}
            ask={ask}
            onClose={() => setSelected(undefined)}
          />
        )}
      </div>
      <Scrubber entries={entries} at={at} onChange={onScrub} legal={legal} ask={ask} />
    </Panel>
  );
}
