import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Instance } from '../../http/types.ts';
import { Json } from '../kit/json.tsx';
import { PayloadLink } from '../kit/payload.tsx';
import { isReference } from '../kit/reference.ts';
import { differences, type Difference } from './difference.ts';
import { snapshotQuery } from './queries.ts';

/** The context as it was after a transition, and what that transition changed in it. */
export function ContextView({ instance, sequence }: { instance: Instance; sequence: number }) {
  const isNow = sequence === instance.sequence;
  const now = useQuery({ ...snapshotQuery(instance.id, sequence), enabled: sequence > 0 && !isNow });
  const before = useQuery({
    ...snapshotQuery(instance.id, sequence - 1),
    enabled: sequence > 1,
    placeholderData: keepPreviousData,
  });
  const context = isNow ? instance.context : (now.data?.context ?? null);
  const changes = differences(sequence > 1 ? before.data?.context : {}, context ?? {});
  return (
    <div className="grid gap-4 p-3 lg:grid-cols-2">
      <section aria-label="Context" className="min-w-0">
        <h3 className="mb-1 text-xs font-semibold text-muted">Context after transition {sequence}</h3>
        <Json key={sequence} value={context} label="the context" open={2} />
      </section>
      <section aria-label="Changes" className="min-w-0">
        <h3 className="mb-1 text-xs font-semibold text-muted">Changed by transition {sequence}</h3>
        {sequence > 1 && before.data === undefined ? null : <Changes changes={changes} />}
      </section>
    </div>
  );
}

const SIGNS = { added: '+', removed: '−', changed: '~' } as const;
const MOST = 200;

function Changes({ changes }: { changes: readonly Difference[] }) {
  if (changes.length === 0) return <p className="text-sm text-faint">Nothing.</p>;
  return (
    <ul className="flex flex-col divide-y divide-line font-mono text-xs">
      {changes.slice(0, MOST).map(({ path, kind, before, after }) => (
        <li key={path.join('.')} className="grid grid-cols-[1rem_minmax(0,1fr)] py-1">
          <span
            aria-label={kind}
            className={kind === 'added' ? 'text-done' : kind === 'removed' ? 'text-failed' : 'text-waiting'}
          >
            {SIGNS[kind]}
          </span>
          <div className="min-w-0">
            <span className="break-all">{path.join('.')}</span>
            {kind === 'added' ? null : (
              <p className="break-all text-failed line-through">
                <Short value={before} />
              </p>
            )}
            {kind === 'removed' ? null : (
              <p className="break-all text-done">
                <Short value={after} />
              </p>
            )}
          </div>
        </li>
      ))}
      {changes.length > MOST ? <li className="py-1 text-muted">and {changes.length - MOST} more</li> : null}
    </ul>
  );
}

function Short({ value }: { value: unknown }) {
  if (isReference(value)) return <PayloadLink payload={value} />;
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
