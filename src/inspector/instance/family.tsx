import { Link } from '@tanstack/react-router';
import type { Instance } from '../../http/types.ts';
import { Panel } from '../kit/panel.tsx';
import { Status } from '../kit/status.tsx';

/** The instances that it started. */
export function Children({ instance }: { instance: Instance }) {
  if (instance.children.length === 0) return null;
  return (
    <Panel title="Children">
      <ul className="max-h-60 divide-y divide-line overflow-y-auto">
        {instance.children.map((child) => (
          <li key={child.id} className="flex flex-wrap items-center gap-x-3 gap-y-0.5 px-3 py-1.5 text-sm">
            <Link
              to="/instances/$id"
              params={{ id: child.id }}
              className="min-w-0 truncate font-mono text-accent hover:underline"
            >
              {child.id}
            </Link>
            <span className="text-muted">{child.workflow}</span>
            <Status status={child.status} />
            <span>{child.state}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
