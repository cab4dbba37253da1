import { Link, type LinkProps } from '@tanstack/react-router';
import type { Count, Overview } from '../../http/types.ts';
import { number } from '../kit/number.ts';
import { StatusMark, STATUSES } from '../kit/status.tsx';

/** How many stand how; each leads to its list. */
export function Tiles({ counts, stuck }: { counts: Count[] | undefined; stuck: Overview['stuck'] | undefined }) {
  const stuckCount = stuck?.reduce((sum, { instances }) => sum + instances, 0);
  return (
    <ul aria-busy={counts === undefined} className="grid grid-cols-2 gap-2 sm:grid-cols-4 lg:grid-cols-8">
      <Tile title="stuck" value={stuckCount} search={{ is: 'stuck' }} strong={(stuckCount ?? 0) > 0} />
      {STATUSES.map((status) => {
        const own = counts?.filter((count) => count.status === status);
        return (
          <Tile
            key={status}
            title={status}
            mark={<StatusMark status={status} />}
            value={own?.reduce((sum, { count }) => sum + count, 0)}
            more={own?.some(({ more }) => more)}
            search={{ status }}
          />
        );
      })}
    </ul>
  );
}

function Tile({
  title,
  mark,
  value,
  more = false,
  search,
  strong = false,
}: {
  title: string;
  mark?: React.ReactNode;
  value: number | undefined;
  more?: boolean | undefined;
  search: LinkProps['search'];
  strong?: boolean;
}) {
  return (
    <li>
      <Link
        to="/instances"
        search={search as never}
        className="block rounded-lg border border-line bg-panel px-3 py-2 hover:border-edge/60 hover:bg-hover"
      >
        <span className="flex items-center gap-1.5 text-xs text-muted">
          {mark}
          {title}
        </span>
        <span
          className={`tabular mt-0.5 block text-xl font-semibold ${strong ? 'text-failed' : value === 0 ? 'text-faint' : ''}`}
        >
          {value === undefined ? '–' : number(value)}
          {more ? '+' : ''}
        </span>
      </Link>
    </li>
  );
}
