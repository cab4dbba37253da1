import { useNavigate } from '@tanstack/react-router';
import { FlexRender, useTable } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import type { InstanceSummary } from '../../http/types.ts';
import { useMedia } from '../kit/media.ts';
import { useShortcut } from '../shell/shortcuts.ts';
import { columns, features } from './columns.tsx';

const LINE = 34;
/** On a phone a line is a card of three. */
const CARD = 74;
/** More than are drawn at a time. */
const SLOTS = 256;
/** Lines beyond what is seen. */
const OVERSCAN = 6;
/** From so many lines before the end on, more are fetched. */
const AHEAD = 30;

const GRID =
  'md:grid md:grid-cols-[minmax(9rem,1.3fr)_7.5rem_minmax(7rem,1fr)_minmax(10rem,1.7fr)_minmax(4rem,0.9fr)_4.5rem_4.5rem] md:items-center md:gap-3';
/** Where each stands in the card. */
const CARD_GRID = 'max-md:grid max-md:grid-cols-[1fr_auto] max-md:content-center max-md:gap-x-3 max-md:gap-y-0.5';
const IN_CARD: Readonly<Record<string, string>> = {
  state: 'max-md:order-1',
  createdAt: 'max-md:order-2 text-right',
  step: 'max-md:order-3 max-md:col-span-2 max-md:min-h-4.5',
  workflow: 'max-md:order-4',
  id: 'max-md:order-5 max-md:max-w-36',
  tags: 'max-md:hidden',
  updatedAt: 'max-md:hidden text-right',
};

/** The lines of a list: only those in sight are drawn, and more are fetched when the end comes near. */
export function Rows({
  items,
  hasMore,
  more,
}: {
  items: readonly InstanceSummary[];
  hasMore: boolean;
  more: () => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const isWide = useMedia('(min-width: 768px)');
  const size = isWide ? LINE : CARD;
  const table = useTable({ features, columns, data: items as InstanceSummary[], getRowId: ({ id }) => id });
  const { rows } = table.getRowModel();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => size,
    overscan: OVERSCAN,
  });
  useEffect(() => virtual.measure(), [virtual, size]);
  const lines = virtual.getVirtualItems();
  const last = lines.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= rows.length - AHEAD) more();
  }, [hasMore, last, rows.length, more]);

  const at = useCursor(items, (index) => virtual.scrollToIndex(index));
  return (
    <div
      ref={scroller}
      role="table"
      aria-label="Instances"
      aria-rowcount={hasMore ? -1 : rows.length + 1}
      // A part that scrolls has to be reached by key.
      tabIndex={0}
      className="min-h-0 flex-1 overflow-auto outline-offset-[-2px]"
    >
      <div role="rowgroup" className="sticky top-0 z-10 border-b border-line bg-panel max-md:sr-only">
        {table.getHeaderGroups().map((group) => (
          <div key={group.id} role="row" aria-rowindex={1} className={`h-8 px-4 ${GRID}`}>
            {group.headers.map((header) => (
              <div
                key={header.id}
                role="columnheader"
                className={`text-xs font-medium text-muted ${IN_CARD[header.id]?.includes('text-right') ? 'text-right' : ''}`}
              >
                <FlexRender header={header} />
              </div>
            ))}
          </div>
        ))}
      </div>
      <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
        {lines.map(({ index, start }) => {
          const row = rows[index];
          if (row === undefined) return null;
          return (
            <div
              // A line that leaves is drawn anew as the one that comes: that is cheaper than another one.
              key={index % SLOTS}
              role="row"
              aria-rowindex={index + 2}
              data-id={row.id}
              data-at={row.id === at ? '' : undefined}
              className={`group absolute inset-x-0 top-0 border-b border-line px-4 hover:bg-hover has-focus-visible:bg-selected data-at:bg-selected data-at:shadow-[inset_3px_0_var(--c-accent)] ${GRID} ${CARD_GRID}`}
              style={{ height: size, transform: `translateY(${start}px)` }}
            >
              {row.getAllCells().map((cell) => (
                <div key={cell.id} role="cell" className={`min-w-0 ${IN_CARD[cell.column.id] ?? ''}`}>
                  <FlexRender cell={cell} />
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** The line that the keys are at. It stays with its instance when others come in above. */
function useCursor(items: readonly InstanceSummary[], show: (index: number) => void): string | undefined {
  const navigate = useNavigate();
  const [at, setAt] = useState<string>();
  const index = items.findIndex(({ id }) => id === at);
  const move = (to: number): void => {
    const next = Math.max(0, Math.min(items.length - 1, to));
    setAt(items[next]?.id);
    show(next);
  };
  useShortcut('j', 'Next instance', 'In this list', () => move(index + 1));
  useShortcut('k', 'Previous instance', 'In this list', () => move(index === -1 ? 0 : index - 1));
  useShortcut('Enter', 'Open it', 'In this list', () => {
    const focused = document.activeElement;
    if (focused instanceof HTMLAnchorElement || focused instanceof HTMLButtonElement) focused.click();
    else if (at !== undefined) void navigate({ to: '/instances/$id', params: { id: at } });
  });
  return at;
}
