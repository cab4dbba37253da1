import type { Workflow } from '../../http/types.ts';
import { Panel } from '../kit/panel.tsx';
import { Json } from '../kit/json.tsx';

/** What the workflow takes and gives, as JSON Schema. */
export function SchemasTab({ workflow }: { workflow: Workflow }) {
  return (
    // A part that scrolls has to be reached by key.
    <div className="overflow-auto p-4" tabIndex={0} role="region" aria-label="Schemas">
      <div className="mx-auto grid max-w-6xl gap-4 lg:grid-cols-2">
        <Schema title="Input" schema={workflow.input} />
        <Panel title="Error codes">
          <ul className="divide-y divide-line text-sm">
            {Object.entries(workflow.errors).map(([code, kind]) => (
              <li key={code} className="flex justify-between gap-2 px-3 py-1">
                <code className="truncate font-mono text-xs">{code}</code>
                <span className="text-xs text-muted">{kind === 'retryable' ? 'tried again' : 'final'}</span>
              </li>
            ))}
          </ul>
        </Panel>
        {workflow.events.map(({ type, schema }) => (
          <Schema key={type} title={`Event ${type}`} schema={schema} />
        ))}
        {Object.entries(workflow.stepOptions).flatMap(([step, { input, output }]) => [
          <Schema key={`${step} in`} title={`Step ${step}, input`} schema={input} />,
          <Schema key={`${step} out`} title={`Step ${step}, output`} schema={output} />,
        ])}
      </div>
    </div>
  );
}

function Schema({ title, schema }: { title: string; schema: Record<string, unknown> | null }) {
  return (
    <Panel title={title}>
      {schema === null ? (
        <p className="p-3 text-sm text-muted">Anything goes.</p>
      ) : (
        <div className="p-3">
          <Json value={schema} label={title} open={2} />
        </div>
      )}
    </Panel>
  );
}
