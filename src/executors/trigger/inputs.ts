import { isSettled, timersRun } from '../../engine/inputs.ts';
import { CANCEL, SETTLED } from '../../engine/keys.ts';
import { orderOf } from '../../engine/operations/order.ts';
import type { Millis, Timer } from '../../engine/ports.ts';
import { isHeld, type State } from '../../engine/state.ts';
import type { Lease } from './lease.ts';

/** Thinks everything through that there is for an instance, until nothing is left: the inbox in its order, then timers. */
export async function takeInputs(lease: Lease, now: () => Millis): Promise<void> {
  for (let more = true; more;) {
    // One that is cancelled before it has begun never begins.
    const cancelled = lease.events.some(({ type }) => type === CANCEL);
    const still = lease.pauses.workflows.has(lease.state.workflow.name);
    more = lease.state.status === 'scheduled' && !cancelled && !still && lease.input({ type: 'start' });
    for (const event of lease.events) {
      // Of a paused workflow only what operators ask for is done, and what its steps and children come to is kept.
      if (still && orderOf(event) === undefined && event.fence === null) continue;
      if (isAhead(lease.state, event.type, event.fence)) {
        // The result came in between the readings of the rows and of the inbox.
        await lease.stored();
        await lease.reload();
        more = true;
        break;
      }
      const wasHeld = isHeld(lease.state.status);
      more = lease.input({ type: 'event', event }) || more;
      // What a held instance has kept came before the word that lets it go on, and is taken before what came after it.
      if (wasHeld && !isHeld(lease.state.status)) break;
    }
    for (const row of isHeld(lease.state.status) ? [] : lease.state.steps.values()) {
      if (isSettled(row)) more = lease.input({ type: 'settled', row }) || more;
    }
    for (const { id } of still ? [] : dueTimers(lease.state, now())) more = lease.input({ type: 'timer', id }) || more;
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
