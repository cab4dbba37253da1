import { isFanOut, needOf } from '../../engine/fan-out.ts';
import { mayBegin } from '../../engine/pauses.ts';
import type { Lease } from './lease.ts';
import type { Runtime } from './runtime.ts';

/** Items that are looked through at a time for some that wait: after a retry most of them may be done. */
const WINDOW = 500;

/** Goes on with the fan-outs of an instance in hand, whose rows are stored. Returns whether there was anything. */
export async function feedFanOuts(runtime: Runtime, lease: Lease): Promise<boolean> {
  const { store, clock } = runtime;
  for (const row of lease.state.steps.values()) {
    const { state, pauses } = lease;
    if (!isFanOut(row) || !mayBegin(pauses, state.workflow.name, row)) continue;
    const need = needOf(state, row, clock.now());
    if (need === undefined) continue;
    if (need.type === 'results') {
      const results = await runtime.persist(() => store.itemResults(state.id, row.key));
      return lease.input({ type: 'gathered', fanOut: row.key, results });
    }
    // In the first round all from the cursor on wait.
    const upTo = Math.min(need.to, need.from + (row.fanOut.round === 0 ? need.count : WINDOW));
    const rows = await runtime.persist(() => store.items(state.id, row.key, need.from, upTo));
    return lease.input({ type: 'items', fanOut: row.key, rows, upTo });
  }
  return false;
}
