import { Maximize2, Minus, Plus, Scan } from 'lucide-react';
import { useEffect, useMemo, useState, type CSSProperties } from 'react';
import type { Definition } from '../../http/types.ts';
import { Button } from '../kit/button.tsx';
import { ChartEdge, EDGE_KINDS } from './edge.tsx';
import type { EdgeKind } from './graph.ts';
import { layOut } from './layout.ts';
import { litBy } from './lit.ts';
import { ChartNode, type Tone } from './node.tsx';
import type { Placed } from './placed.ts';
import { usePanZoom } from './pan-zoom.ts';
import { around } from './view.ts';
import type { Work } from './work.ts';

export interface ChartProps {
  definition: Definition;
  /** XState's state value: these states are lit. */
  current?: unknown;
  /** How the instance stands in them. */
  tone?: Tone;
  /** How often each edge was taken, by the edge's id: see `countTaken`. */
  taken?: ReadonlyMap<string, number>;
  /** How many instances stand in each state, by its path. */
  heat?: ReadonlyMap<string, number>;
  /** Which part of a step's results went along each edge of its error, 0 to 1, by the edge's id. */
  failing?: ReadonlyMap<string, number>;
  /** Which part of a step's invocations failed, 0 to 1, by what the step is registered as. */
  failingSteps?: ReadonlyMap<string, number>;
  /** How long instances stay in each state, in words, by its path. */
  dwell?: ReadonlyMap<string, string>;
  /** Live invocations by invoke id: see `workOf`. */
  work?: ReadonlyMap<string, Work>;
  /** When the timers that run are due, by their events. */
  timers?: ReadonlyMap<string, string>;
  /** Path of a state. */
  selected?: string | undefined;
  onSelect?: (path: string) => void;
  className?: string;
}

/** Below this scale figures shrink no more; but they may not cover the chart. */
const FIGURE_SCALE = 0.8;
const MOST_GROWN = 1.9;

/** A machine as a picture: its states in boxes, its transitions as arrows. To be dragged, and zoomed with the wheel while Ctrl is down. */
export function Chart({ definition, className = 'h-140', ...rest }: ChartProps) {
  const [placed, setPlaced] = useState<Placed>();
  const [problem, setProblem] = useState('');
  // The same text means the same picture, whatever object brought it.
  const text = JSON.stringify(definition);
  useEffect(() => {
    let gone = false;
    layOut(JSON.parse(text) as Definition).then(
      (found) => gone || setPlaced(found),
      (error: unknown) => gone || setProblem(String(error)),
    );
    return () => {
      gone = true;
    };
  }, [text]);
  return (
    <div className={`relative overflow-hidden bg-sunken ${className}`}>
      {placed === undefined ? (
        <p className="p-4 text-muted" role="status">
          {problem === '' ? 'Drawing the chart …' : `The chart could not be drawn: ${problem}`}
        </p>
      ) : (
        <Drawing name={definition.id} placed={placed} {...rest} />
      )}
    </div>
  );
}

function Drawing({
  name,
  placed,
  current,
  tone = 'accent',
  taken,
  heat,
  failing,
  failingSteps,
  dwell,
  work,
  timers,
  selected,
  onSelect,
}: Omit<ChartProps, 'definition' | 'className'> & { name: string; placed: Placed }) {
  const lit = useMemo(() => litBy(current), [current]);
  const litBox = useMemo(() => around(placed.nodes.filter(({ node }) => lit.has(node.id))), [placed, lit]);
  const { frame, view, moving, zoom, fit, centre, keepInView } = usePanZoom(placed, litBox);
  const most = Math.max(1, ...(heat?.values() ?? []));
  const kinds = new Set(placed.edges.map(({ edge }) => edge.kind));
  return (
    <>
      <svg
        ref={frame}
        role="group"
        aria-label={`Statechart of ${name}`}
        className={`absolute inset-0 size-full touch-none select-none ${moving ? 'cursor-grabbing' : 'cursor-grab'}`}
        onFocus={(event) => {
          const path = (event.target as Element).closest('[data-state]')?.getAttribute('data-state');
          const box = placed.nodes.find(({ node }) => node.id === path);
          if (box !== undefined && (event.target as Element).matches(':focus-visible')) keepInView(box);
        }}
      >
        <g
          className={moving ? '' : 'transition-transform duration-200'}
          style={
            {
              transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})`,
              // Figures stay readable where the chart is small.
              '--figures': Math.min(MOST_GROWN, Math.max(1, FIGURE_SCALE / view.scale)),
            } as CSSProperties
          }
        >
          {placed.nodes.filter(({ node }) => node.hasChildren).map((box) => nodeOf(box))}
          {placed.edges.map((each) => {
            const { id, from, to, event } = each.edge;
            const count = taken?.get(id) ?? 0;
            const lively = selected !== undefined && (from === selected || to === selected);
            return (
              <ChartEdge
                key={id}
                placed={each}
                count={count}
                rate={failing?.get(id)}
                lively={lively}
                faint={selected !== undefined ? !lively : taken !== undefined && taken.size > 0 && count === 0}
                due={timers?.get(event)}
              />
            );
          })}
          {placed.nodes.filter(({ node }) => !node.hasChildren).map((box) => nodeOf(box))}
        </g>
      </svg>
      <div className="absolute right-2 bottom-2 flex gap-1">
        <Button aria-label="Zoom in" onPress={() => zoom(1.3)} className="w-7 px-0!">
          <Plus size={14} />
        </Button>
        <Button aria-label="Zoom out" onPress={() => zoom(1 / 1.3)} className="w-7 px-0!">
          <Minus size={14} />
        </Button>
        <Button aria-label="Show the whole chart" onPress={fit} className="w-7 px-0!">
          <Maximize2 size={13} />
        </Button>
        {litBox === undefined ? null : (
          <Button aria-label="Show the current state" onPress={centre} className="w-7 px-0!">
            <Scan size={14} />
          </Button>
        )}
      </div>
      <Legend kinds={kinds} />
    </>
  );

  function nodeOf(box: Placed['nodes'][number]) {
    const { id } = box.node;
    const here = heat?.get(id);
    return (
      <ChartNode
        key={id}
        placed={box}
        lit={lit.has(id) ? tone : undefined}
        selected={id === selected}
        heat={here}
        share={(here ?? 0) / most}
        dwell={dwell?.get(id)}
        failingSteps={failingSteps}
        work={work}
        onSelect={onSelect}
      />
    );
  }
}

function Legend({ kinds }: { kinds: ReadonlySet<EdgeKind> }) {
  return (
    <ul className="pointer-events-none absolute bottom-2 left-2 flex flex-wrap gap-x-3 gap-y-0.5 rounded-md border border-line bg-panel px-2 py-1 text-2xs text-muted max-sm:hidden">
      {Object.entries(EDGE_KINDS)
        .filter(([kind]) => kinds.has(kind as EdgeKind))
        .map(([kind, { stroke, dash, words }]) => (
          <li key={kind} className="flex items-center gap-1.5">
            <svg width="22" height="6" aria-hidden="true">
              <path d="M1 3H21" strokeWidth="2" strokeDasharray={dash} strokeLinecap="round" className={stroke} />
            </svg>
            {words}
          </li>
        ))}
    </ul>
  );
}
