import type { ErrorRecord } from '../../core/error.ts';
import type { ErrorShown } from './explanation.ts';

/** An error as people want to see it. */
export function shown(error: ErrorRecord): ErrorShown;
export function shown(error: ErrorRecord | null): ErrorShown | null;
export function shown(error: ErrorRecord | null): ErrorShown | null {
  if (error === null) return null;
  const { code, name, message, reason, stack } = error;
  return {
    code,
    class: error.class,
    name,
    message,
    ...(reason === undefined ? {} : { reason }),
    ...(stack === undefined ? {} : { stack }),
  };
}
