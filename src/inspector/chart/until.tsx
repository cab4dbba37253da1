import { duration, useNow } from '../kit/time.tsx';

/** How long it is until a time, counting down; `now` once it is over. */
export function Until({ at }: { at: string }) {
  const left = new Date(at).getTime() - useNow();
  return left <= 0 ? 'due now' : `in ${duration(Math.ceil(left / 1_000) * 1_000)}`;
}
