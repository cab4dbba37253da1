import { ChevronLeft, ChevronRight, Pause, Play, Radio } from 'lucide-react';
import { useEffect, useEffectEvent, useState } from 'react';
import type { HistoryEntry } from '../../http/types.ts';
import { kindOf } from '../chart/graph.ts';
import { Button } from '../kit/button.tsx';
import { absolute, duration } from '../kit/time.tsx';
import type { Asking } from './dialogs/operation-dialog.tsx';

/** How long each transition is shown while it plays. */
const FRAME_MS = 650;

/** Goes back and forth in the history of an instance; the chart and the context follow. */
export function Scrubber({
  entries,
  at,
  onChange,
  legal,
  ask,
}: {
  entries: readonly HistoryEntry[];
  /** Place among the entries; undefined: now. */
  at: number | undefined;
  onChange: (at: number | undefined) => void;
  legal: readonly string[];
  ask: (asking: Asking) => void;
}) {
  const [isPlaying, setPlaying] = useState(false);
  const last = entries.length - 1;
  const place = at ?? last;
  const entry = entries[place];
  const step = useEffectEvent(() => {
    if (place >= last) {
      setPlaying(false);
      onChange(undefined);
    } else onChange(place + 1);
  });
  useEffect(() => {
    if (!isPlaying) return;
    const timer = setInterval(() => step(), FRAME_MS);
    return () => clearInterval(timer);
  }, [isPlaying]);
  if (entry === undefined) return null;
  const go = (to: number): void => onChange(Math.max(0, Math.min(last, to)));
  return (
    <div className="flex flex-col gap-1 border-t border-line px-3 py-2">
      <div className="flex items-center gap-1.5">
        <Button
          kind="quiet"
          className="px-1.5!"
          aria-label={isPlaying ? 'Stop playing' : 'Play the history'}
          onPress={() => {
            if (!isPlaying && place >= last) go(0);
            setPlaying(!isPlaying);
          }}
        >
          {isPlaying ? <Pause size={14} /> : <Play size={14} />}
        </Button>
        <Button
          kind="quiet"
          className="px-1!"
          aria-label="One transition back"
          onPress={() => go(place - 1)}
          isDisabled={place <= 0}
        >
          <ChevronLeft size={16} />
        </Button>
        <input
          type="range"
          min={0}
          max={last}
          value={place}
          aria-label="Transition"
          aria-valuetext={`${entry.sequence}: ${entry.to} by ${entry.event}`}
          onChange={(event) => go(Number(event.target.value))}
          className="h-5 min-w-0 flex-1 accent-accent"
        />
        <Button
          kind="quiet"
          className="px-1!"
          aria-label="One transition on"
          onPress={() => go(place + 1)}
          isDisabled={place >= last}
        >
          <ChevronRight size={16} />
        </Button>
        <Button
          kind={at === undefined ? 'quiet' : 'plain'}
          className="text-xs!"
          isDisabled={at === undefined}
          onPress={() => {
            setPlaying(false);
            onChange(undefined);
          }}
        >
          <Radio size={13} className={at === undefined ? 'text-done' : ''} aria-hidden="true" /> Live
        </Button>
      </div>
      <div className="flex min-h-7 flex-wrap items-center gap-x-3 gap-y-1 text-xs">
        <span className="tabular font-semibold">
          {entry.sequence} of {entries[last]?.sequence}
        </span>
        <span className="min-w-0 break-all">
          <span className="text-muted">{entry.from ?? 'start'} →</span> {entry.to}{' '}
          <span className="text-muted" title={entry.event}>
            by {kindOf({ event: entry.event, delay: null }).name}
          </span>
        </span>
        <span className="text-muted" title={absolute(entry.at)}>
          {sinceStart(entries[0], entry)}
        </span>
        {at === undefined ? null : (
          <span className="ml-auto flex gap-1.5">
            {legal.includes('rewind') ? (
              <Button className="h-6! text-xs!" onPress={() => ask({ operation: 'rewind', at: entry.sequence })}>
                Rewind to here
              </Button>
            ) : null}
            {legal.includes('fork') ? (
              <Button className="h-6! text-xs!" onPress={() => ask({ operation: 'fork', at: entry.sequence })}>
                Fork from here
              </Button>
            ) : null}
          </span>
        )}
      </div>
    </div>
  );
}

function sinceStart(first: HistoryEntry | undefined, { at }: HistoryEntry): string {
  const ms = first === undefined ? 0 : new Date(at).getTime() - new Date(first.at).getTime();
  return ms === 0 ? 'at the start' : `${duration(ms)} after the start`;
}
