import type { Step } from '../../http/types.ts';
import { invokeIdOf } from './invocation.ts';

/** What a chart shows of an invocation that is live. */
export type Work = Pick<Step, 'status' | 'attempt' | 'maxAttempts' | 'progress' | 'nextAttemptAt'>;

/** By invoke id, which follows the sequence in an invocation's key. */
export function workOf(steps: readonly Step[]): Map<string, Work> {
  return new Map(steps.map((step) => [invokeIdOf(step.key), step]));
}
