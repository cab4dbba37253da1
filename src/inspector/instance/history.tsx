import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, useState } from 'react';
import type { HistoryEntry } from '../../http/types.ts';
import { Json } from '../kit/json.tsx';
import { absolute, duration } from '../kit/time.tsx';

const ROW_PX = 30;

/** The transitions, newest first; a press shows the chart as it was then. */
export function History({
  entries,
  at,
  onSelect,
}: {
  entries: readonly HistoryEntry[];
  /** Place among the entries that the chart shows. */
  at: number | undefined;
  onSelect: (at: number) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<number>();
  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const start = new Date(entries[0]?.at ?? 0).getTime();
  return (
    <div ref={box} tabIndex={0} role="region" aria-label="Events" className="max-h-120 overflow-auto">
      <ol className="relative min-w-xl" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ index, key, start: top }) => {
          const place = entries.length - 1 - index;
          const entry = entries[place] as HistoryEntry;
          const hasMore = entry.payload !== null || entry.emitted.length > 0;
          return (
            <li
              key={key}
              ref={rows.measureElement}
              data-index={index}
              className="absolute inset-x-0 border-b border-line text-sm"
              style={{ transform: `translateY(${top}px)` }}
            >
              <div className={`flex items-center gap-3 px-3 ${place === at ? 'bg-selected' : ''}`}>
                <button
                  type="button"
                  aria-pressed={place === at}
                  title={absolute(entry.at)}
                  onClick={() => onSelect(place)}
                  className="grid h-7 min-w-0 flex-1 grid-cols-[3rem_minmax(0,3fr)_minmax(0,3fr)_5rem] items-center gap-3 text-left hover:text-accent"
                >
                  <span className="tabular text-muted">{entry.sequence}</span>
                  <span className="truncate font-mono text-xs">{entry.event}</span>
                  <span className="truncate">
                    {entry.from === entry.to ? '' : <span className="text-muted">{entry.from ?? 'start'} → </span>}
                    {entry.to}
                  </span>
                  <span className="tabular text-right text-xs text-muted">
                    +{duration(new Date(entry.at).getTime() - start)}
                  </span>
                </button>
                <button
                  type="button"
                  disabled={!hasMore}
                  aria-expanded={open === entry.sequence}
                  onClick={() => setOpen(open === entry.sequence ? undefined : entry.sequence)}
                  className="w-16 text-right text-xs text-accent disabled:invisible"
                >
                  {open === entry.sequence ? 'less' : 'payload'}
                </button>
              </div>
              {open === entry.sequence ? (
                <div className="px-3 pb-2">
                  <Json
                    value={
                      entry.emitted.length > 0 ? { payload: entry.payload, emitted: entry.emitted } : entry.payload
                    }
                    label={`payload of ${entry.event}`}
                  />
                </div>
              ) : null}
            </li>
          );
        })}
      </ol>
    </div>
  );
}
