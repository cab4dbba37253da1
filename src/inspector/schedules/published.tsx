import { Link } from '@tanstack/react-router';
import type { PublishedEvent } from '../../http/types.ts';
import { CELL, HEAD, NUMBER, ROW, TABLE } from '../kit/cells.ts';
import { number } from '../kit/number.ts';
import { Time } from '../kit/time.tsx';
import { shortId } from '../list/short-id.ts';

/** The last events that were published, and what came of them. */
export function Published({ events }: { events: readonly PublishedEvent[] }) {
  return (
    <div className="overflow-x-auto">
      <table className={TABLE}>
        <thead>
          <tr>
            <th className={`${HEAD} ${NUMBER}`}>Number</th>
            <th className={HEAD}>Event</th>
            <th className={HEAD}>Published</th>
            <th className={HEAD}>Started</th>
            <th className={`${HEAD} ${NUMBER}`}>Reached</th>
            <th className={HEAD}>Key</th>
            <th className={`${HEAD} w-full`}>Payload</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <Line key={event.id} event={event} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Line({
  event: { id, name, publishedAt, deliveredAt, source, started, reached, key, payload, problems },
}: {
  event: PublishedEvent;
}) {
  return (
    <tr className={ROW}>
      <td className={`${CELL} ${NUMBER} text-muted`}>{id}</td>
      <td className={`${CELL} whitespace-nowrap`}>
        <span className="font-medium">{name}</span>
        {problems.map(({ workflow, message }) => (
          <div key={`${workflow} ${message}`} className="max-w-80 text-xs whitespace-normal text-failed">
            not to {workflow}: {message}
          </div>
        ))}
      </td>
      <td className={`${CELL} whitespace-nowrap`}>
        <Time at={publishedAt} />
        {source !== null && (
          <>
            {' by '}
            <Link to="/instances/$id" params={{ id: source }} className="hover:underline" title={source}>
              {shortId(source)}
            </Link>
          </>
        )}
        {deliveredAt === null && <span className="text-waiting"> under way</span>}
      </td>
      <td className={`${CELL} whitespace-nowrap`}>
        {started.length === 0 && <span className="text-muted">none</span>}
        {started.slice(0, 3).map((instance) => (
          <div key={instance}>
            <Link to="/instances/$id" params={{ id: instance }} className="hover:underline">
              {instance.slice(0, 12)}…
            </Link>
          </div>
        ))}
        {started.length > 3 && <span className="text-xs text-muted">and {number(started.length - 3)} more</span>}
      </td>
      <td className={`${CELL} ${NUMBER}`}>{number(reached)}</td>
      <td className={`${CELL} max-w-40 truncate`} title={key ?? undefined}>
        {key}
      </td>
      <td className={`${CELL} max-w-80 truncate`} title={JSON.stringify(payload)}>
        <code>{JSON.stringify(payload)}</code>
      </td>
    </tr>
  );
}
