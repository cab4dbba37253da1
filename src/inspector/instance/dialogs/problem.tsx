import { ApiError } from '../../api/client.ts';

/** Why something asked for was not done. */
export function ProblemText({ error }: { error: unknown }) {
  if (error === null || error === undefined) return null;
  return (
    <div role="alert" className="rounded-md border border-failed/40 bg-failed/8 px-3 py-2 text-sm">
      <p className="text-failed">{(error as Error).message}</p>
      {error instanceof ApiError ? <code className="font-mono text-xs text-muted">{error.code}</code> : null}
    </div>
  );
}
