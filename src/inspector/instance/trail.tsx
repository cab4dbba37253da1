import { useQuery } from '@tanstack/react-query';
import { Failed } from '../kit/failed.tsx';
import { Json } from '../kit/json.tsx';
import { Loading } from '../kit/loading.tsx';
import { Time } from '../kit/time.tsx';
import { operationsQuery } from './queries.ts';

const TONES = { applied: 'text-done', refused: 'text-failed', requested: 'text-waiting' } as const;

/** What people did to the instance, newest first: who, why, and what came of it. */
export function Trail({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(operationsQuery(id));
  if (error !== null) return <Failed what="The operations" error={error} again={() => void refetch()} />;
  if (data === undefined) return <Loading what="the operations" />;
  if (data.items.length === 0) return <p className="p-4 text-sm text-muted">Nobody has moved it by hand.</p>;
  return (
    <ul className="divide-y divide-line">
      {data.items.map((operation) => (
        <li key={operation.id} className="flex flex-col gap-1 px-3 py-2 text-sm">
          <div className="flex flex-wrap items-baseline gap-x-3">
            <span className="font-semibold">{operation.operation}</span>
            <span className={TONES[operation.status]}>{operation.status}</span>
            <span>
              by {operation.by} <Time at={operation.requestedAt} className="text-muted" />
            </span>
            {operation.before === null || operation.after === null ? null : (
              <span className="text-muted">
                {operation.before.state} → {operation.after.state}
              </span>
            )}
          </div>
          {operation.why === null ? null : <p className="break-words text-muted">“{operation.why}”</p>}
          {operation.reason === null ? null : (
            <p className="text-failed">
              {operation.reason} <code className="font-mono text-xs">{operation.code}</code>
            </p>
          )}
          {operation.repeats === null || operation.repeats.length === 0 ? null : (
            <p className="text-waiting">
              May run again, with effects it has had: {operation.repeats.map(({ key }) => key).join(', ')}
            </p>
          )}
          {isEmpty(operation.arguments) ? null : <Json value={operation.arguments} label="the arguments" open={1} />}
        </li>
      ))}
    </ul>
  );
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}
