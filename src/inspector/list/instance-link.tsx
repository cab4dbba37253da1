import { useRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';

/** A link to an instance that costs little: while a long list is scrolled, many come and go with each frame. */
export function InstanceLink({ id, className, children }: { id: string; className: string; children: ReactNode }) {
  const router = useRouter();
  return (
    <a
      href={`${router.basepath}/instances/${encodeURIComponent(id)}`}
      title={id}
      className={className}
      onClick={(event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        void router.navigate({ to: '/instances/$id', params: { id } });
      }}
    >
      {children}
    </a>
  );
}
