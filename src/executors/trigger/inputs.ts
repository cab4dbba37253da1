import { nextInput } from '../../engine/intake.ts';
import { SETTLED } from '../../engine/keys.ts';
import type { Millis } from '../../engine/ports.ts';
import type { State } from '../../engine/state.ts';
import type { Lease } from './lease.ts';

/** Thinks everything through that there is for an instance, until nothing is left: what is next is decided as in a worker. */
export async function takeInputs(lease: Lease, now: () => Millis): Promise<void> {
  for (;;) {
    const isStill = lease.pauses.workflows.has(lease.state.workflow.name);
    const next = nextInput({
      state: lease.state,
      inbox: lease.events,
      readAt: lease.readAt,
      now: now(),
      mayGoOn: !isStill,
      isStill,
    });
    if (next === undefined) return;
    // Something may have been sent before a timer was due; or the result came in between the readings of the rows and of the inbox.
    if (next.type === 'read' || (next.type === 'event' && isAhead(lease.state, next.event.type, next.event.fence)))
      await lease.look();
    else if (!lease.input(next)) return;
  }
}

function isAhead(state: State, type: string, fence: string | null): boolean {
  const row = type === SETTLED && fence !== null ? state.steps.get(fence) : undefined;
  // One that waits for its next attempt was handed back, not settled: that is all that it says.
  return row?.status === 'running';
}
