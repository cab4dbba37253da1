import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Instance } from '../../http/types.ts';
import { instancePath } from '../api/client.ts';
import { Button } from '../kit/button.tsx';
import { Copy } from '../kit/copy.tsx';
import { Status } from '../kit/status.tsx';
import { Age, duration, Time } from '../kit/time.tsx';
import { commandOf, curlOf } from './curl.ts';
import type { Asking } from './dialogs/operation-dialog.tsx';
import { OPERATIONS, type OperationName } from './dialogs/operate.ts';

/** Which instance it is, how it stands, and what is done with all instances of its kind. */
export function Header({
  instance,
  legal,
  ask,
}: {
  instance: Instance;
  legal: readonly string[];
  ask: (asking: Asking) => void;
}) {
  const { id, workflow, version, status, state, sequence, createdAt, finishedAt, updatedAt } = instance;
  return (
    <header className="flex items-start gap-x-6 gap-y-2 px-1 max-md:flex-col">
      <div className="flex min-w-0 flex-1 flex-col gap-1.5">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <h1 className="min-w-0 font-mono text-base font-semibold break-all">{id}</h1>
          <Copy text={id} label="Copy the id" />
          <Copy text={() => commandOf('show', [id])} label="Copy as CLI line">
            CLI
          </Copy>
          <Copy text={() => curlOf(location.origin, 'GET', instancePath(id))} label="Copy as curl">
            curl
          </Copy>
        </div>
        <dl className="flex flex-wrap items-center gap-x-4 gap-y-1 text-sm">
          <Fact name="Status">
            <Status status={status} className="font-semibold" />
          </Fact>
          <Fact name="State">
            <span className="font-medium">{state}</span>{' '}
            <span className="text-muted">
              for <Age at={updatedAt} />
            </span>
          </Fact>
          <Fact name="Workflow">
            <Link to="/workflows/$name" params={{ name: workflow }} className="text-accent hover:underline">
              {workflow}
            </Link>{' '}
            <span className="text-muted">v{version}</span>
          </Fact>
          <Fact name="Started">
            <Time at={createdAt} />
          </Fact>
          {finishedAt === null ? null : (
            <Fact name="Took">{duration(new Date(finishedAt).getTime() - new Date(createdAt).getTime())}</Fact>
          )}
          <Fact name="Transitions">{sequence}</Fact>
          {instance.priority === 5 ? null : <Fact name="Priority">{instance.priority}</Fact>}
          {instance.tenant === null ? null : <Fact name="Tenant">{instance.tenant}</Fact>}
          {instance.key === null ? null : <Fact name="Key">{instance.key}</Fact>}
          {instance.parentId === null ? null : (
            <Fact name="Parent">
              <Link
                to="/instances/$id"
                params={{ id: instance.parentId }}
                className="font-mono text-accent hover:underline"
              >
                {instance.parentId}
              </Link>
            </Fact>
          )}
          {instance.tags.length === 0 ? null : (
            <Fact name="Tags">
              <span className="flex flex-wrap gap-1">
                {instance.tags.map((tag) => (
                  <span key={tag} className="rounded-full border border-line px-2 text-xs">
                    {tag}
                  </span>
                ))}
              </span>
            </Fact>
          )}
        </dl>
      </div>
      <div role="group" aria-label="Operations" className="flex flex-wrap gap-1.5 md:max-w-[45%] md:justify-end">
        {OPERATIONS.filter((operation) => legal.includes(operation)).map((operation) => (
          <Button
            key={operation}
            kind={operation === 'cancel' ? 'danger' : operation === 'retry' ? 'solid' : 'plain'}
            onPress={() => ask({ operation })}
          >
            {NAMES[operation]}
          </Button>
        ))}
      </div>
    </header>
  );
}

const NAMES: Readonly<Record<OperationName, string>> = {
  retry: 'Retry',
  resume: 'Resume',
  skip: 'Skip',
  rewind: 'Rewind',
  fork: 'Fork',
  edit: 'Edit',
  pause: 'Pause',
  unpause: 'Unpause',
  cancel: 'Cancel',
};

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex items-center gap-1.5">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </div>
  );
}
