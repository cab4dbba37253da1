import type { Instance } from '../../http/types.ts';
import { Json } from '../kit/json.tsx';
import { ErrorText } from './why.tsx';

/** What it was given, and what it gave. */
export function Data({ instance }: { instance: Instance }) {
  return (
    <div className="grid gap-4 p-3 lg:grid-cols-2">
      <section aria-label="Input" className="min-w-0">
        <h3 className="mb-1 text-xs font-semibold text-muted">Input</h3>
        <Json value={instance.input} label="the input" />
      </section>
      <section aria-label="Output" className="min-w-0">
        <h3 className="mb-1 text-xs font-semibold text-muted">Output</h3>
        {instance.output === null ? (
          <p className="text-sm text-faint">none</p>
        ) : (
          <Json value={instance.output} label="the output" />
        )}
        {instance.error === null ? null : (
          <div className="mt-3">
            <ErrorText error={instance.error} />
          </div>
        )}
      </section>
    </div>
  );
}
