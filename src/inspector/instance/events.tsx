import { Zap } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import type { Instance, Workflow } from '../../http/types.ts';
import { Button } from '../kit/button.tsx';
import { Panel } from '../kit/panel.tsx';

/** Forms are heavy, and most who look send nothing. */
const EventDialog = lazy(async () => ({ default: (await import('./dialogs/event-dialog.tsx')).EventDialog }));

/** The events that the state takes now, as buttons. */
export function Events({ instance, workflow }: { instance: Instance; workflow: Workflow | undefined }) {
  const [type, setType] = useState<string>();
  // A descriptor with a wildcard is no event to be sent.
  const accepted = instance.accepts.filter((each) => !each.includes('*'));
  const schemas = new Map((workflow?.events ?? []).map((event) => [event.type, event.schema]));
  if (accepted.length === 0) return null;
  return (
    <Panel title="Events it takes">
      <ul className="flex flex-col gap-2 p-3">
        {accepted.map((each) => {
          const description = schemas.get(each)?.['description'];
          return (
            <li key={each} className="flex flex-col gap-1">
              <Button className="self-start font-mono text-xs!" onPress={() => setType(each)}>
                <Zap size={13} aria-hidden="true" className="text-accent" />
                {each}
              </Button>
              {typeof description === 'string' ? <p className="text-xs text-muted">{description}</p> : null}
            </li>
          );
        })}
      </ul>
      {type === undefined ? null : (
        <Suspense>
          <EventDialog
            id={instance.id}
            type={type}
            schema={schemas.get(type) ?? null}
            onClose={() => setType(undefined)}
          />
        </Suspense>
      )}
    </Panel>
  );
}
