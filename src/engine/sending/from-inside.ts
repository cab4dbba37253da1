import type { Posted } from './send-store.ts';

/** Of events that code of the instance itself has sent: a repeat is stored, and nobody is left to tell of an instance that is gone. @throws what was refused */
export function stored(posted: readonly Posted[]): void {
  for (const one of posted) if (one.outcome === 'refused') throw one.error;
}
