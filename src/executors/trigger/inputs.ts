import { isSettled, timersRun } from '../../engine/decide.ts';
import { CANCEL, SETTLED } from '../../engine/keys.ts';
import type { Millis, Timer } from '../../engine/ports.ts';
import type { State } from '../../engine/state.ts';
import type { Lease } from './lease.ts';

/** Thinks everything through that there is for an instance, until nothing is left: the inbox in its order, then timers. */
export async function takeInputs(lease: Lease, now: () => Millis): Promise<void> {
  for (let more = true; more;) {
    // One that is cancelled before it has begun never begins.
    const cancelled = lease.events.some(({ type }) => type === CANCEL);
    more = lease.state.status === 'scheduled' && !cancelled && lease.input({ type: 'start' });
    for (const event of lease.events) {
      if (isAhead(lease.state, event.type, event.fence)) {
        // The result came in between the readings of the rows and of the inbox.
        await lease.stored();
        await lease.reload();
        more = true;
        break;
      }
      const wasFailed = lease.state.status === 'failed';
      more = lease.input({ type: 'event', event }) || more;
      // What the failed instance has kept came before the retry, and is taken before what came after it.
      if (wasFailed && lease.state.status !== 'failed') break;
    }
    for (const row of lease.state.status === 'failed' ? [] : lease.state.steps.values()) {
      if (isSettled(row)) more = lease.input({ type: 'settled', row }) || more;
    }
    for (const { id } of dueTimers(lease.state, now())) more = lease.input({ type: 'timer', id }) || more;
  }
}

function isAhead(state: State, type: string, fence: string | null): boolean {
  const row = type === SETTLED && fence !== null ? state.steps.get(fence) : undefined;
  // One that waits for its next attempt was handed back, not settled: that is all that it says.
  return row?.status === 'running';
}

function dueTimers(state: State, now: Millis): Timer[] {
  if (!timersRun(state)) return [];
  return [...state.timers.values()]
    .filter(({ dueAt }) => dueAt <= now)
    .toSorted((a, b) => a.dueAt - b.dueAt || a.sequence - b.sequence);
}
