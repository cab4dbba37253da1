import { idempotencyKey } from '../../engine/keys.ts';
import type { Invocation, StepRow } from '../../engine/ports.ts';
import { begun, concluded, definitionOf, lostTransaction, lostWorker, unknownStep } from '../../engine/step-rows.ts';
import { isUnknown } from '../../engine/unavailable.ts';
import { takeInputs } from './inputs.ts';
import type { Lease } from './lease.ts';
import { Progress } from './listener.ts';
import { isInline, toRun, withRun } from './rows.ts';
import type { Runtime } from './runtime.ts';

/** Runs what a driver runs itself, one after the other, with the instance in hand. Returns whether there was anything. */
export async function runInline(
  runtime: Runtime,
  lease: Lease,
  worker: number,
  runId: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { clock } = runtime;
  const row = toRun(lease.state, lease.pauses).find(
    (one) => isInline(lease.state, one) && (one.status !== 'retrying' || (one.nextAttemptAt ?? 0) <= clock.now()),
  );
  if (row === undefined) return false;
  if (row.status === 'running') lease.row(lostWorker(row, clock.now()));
  else await attempt(runtime, lease, row, { worker, runId, signal });
  return true;
}

async function attempt(
  runtime: Runtime,
  lease: Lease,
  row: StepRow,
  { worker, runId, signal }: { worker: number; runId: string; signal: AbortSignal },
): Promise<void> {
  const { clock, store } = runtime;
  const { id, workflow, tenant } = lease.state;
  const definition = definitionOf(workflow, row);
  if (definition === undefined) return lease.row(unknownStep(workflow, row, clock.now()));
  const started = begun(row, worker, clock.now());
  lease.row(started);
  await lease.stored();
  const progress = new Progress(runtime, started, async () => {});
  const invocation: Invocation = {
    instance: { id, workflow: workflow.name, tenant },
    key: idempotencyKey(id, row.key),
    step: row.step,
    definition,
    input: row.input,
    attempt: started.attempt,
  };
  if (definition.transactional) {
    const fence = { worker, instanceId: id, key: row.key, attempt: started.attempt, at: () => clock.now() };
    invocation.transaction = async (handler, stop) => store.transactional(fence, handler, stop);
  }
  const running = runtime.executor.run(invocation, progress);
  const abort = (): void => running.abort(new Error('The run of the driver was cancelled.'));
  signal.addEventListener('abort', abort);
  const outcome = await running.outcome;
  signal.removeEventListener('abort', abort);
  const told = await progress.close();
  if (definition.transactional && outcome.type === 'failed' && isUnknown(outcome.error)) {
    // Stored or not, the row says.
    await lease.reload();
    const stored = lease.state.steps.get(row.key);
    if (stored?.status === 'running' && stored.attempt === started.attempt)
      lease.row(withRun(lostTransaction(stored, outcome.error, clock.now()), stored, runId));
    return;
  }
  if (signal.aborted) return;
  if (outcome.sent === true) {
    await lease.reload();
    await takeInputs(lease, () => clock.now());
  }
  const done = concluded(told, outcome, {
    definition,
    errors: workflow.errors,
    now: clock.now(),
    random: runtime.random(),
  });
  lease.result(withRun(done, row, runId));
}
