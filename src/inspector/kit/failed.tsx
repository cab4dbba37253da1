import { ApiError } from '../api/client.ts';
import { Button } from './button.tsx';

/** Something could not be read: why, and again. */
export function Failed({ what, error, again }: { what: string; error: unknown; again?: () => void }) {
  return (
    <div
      role="alert"
      className="m-3 flex flex-wrap items-center gap-3 rounded-lg border border-line bg-panel p-3 text-sm"
    >
      <div className="min-w-0 flex-1">
        <p className="font-medium text-failed">{what} could not be read.</p>
        <p className="text-muted">
          {(error as Error).message}
          {error instanceof ApiError && <code className="ml-2 font-mono text-xs">{error.code}</code>}
        </p>
      </div>
      {again !== undefined && <Button onPress={again}>Try again</Button>}
    </div>
  );
}
