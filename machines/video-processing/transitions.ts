import type { WorkingState } from './context-schema.ts';

/** What `onError` does. */
export function failTo<Target extends 'FAILED' | 'FAILED_VALIDATION' | 'BLOCKED_ENTITLEMENT'>(
  target: Target,
  state: WorkingState,
  step: string,
) {
  return { target, actions: { type: 'rememberFailure' as const, params: { state, step } } };
}

/** Back to the state that failed. */
export function backTo<State extends WorkingState>(state: State) {
  return { guard: { type: 'failedIn' as const, params: { state } }, target: state, actions: 'forgetFailure' as const };
}
