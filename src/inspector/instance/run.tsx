import { ExternalLink } from 'lucide-react';
import { useHealth } from '../api/queries.ts';

/** The id of a run on Trigger.dev, which leads to its page there. */
export function Run({ id }: { id: string }) {
  const dashboard = useHealth().ready?.dashboard;
  const text = `Run ${id} on Trigger.dev`;
  if (dashboard === undefined) return <span className="self-start text-xs text-muted">{text}</span>;
  return (
    <a
      href={`${dashboard}/runs/${encodeURIComponent(id)}`}
      target="_blank"
      rel="noreferrer"
      className="inline-flex items-center gap-1 self-start text-xs text-accent hover:underline"
    >
      {text} <ExternalLink size={12} aria-hidden="true" />
    </a>
  );
}
