import { metadata } from '@trigger.dev/sdk';
import { DurachartError } from '../../core/error.ts';
import { sleep } from '../../engine/clock.ts';
import { timersRun } from '../../engine/inputs.ts';
import { dueAt, isFanOut } from '../../engine/fan-out.ts';
import { mayBegin, type Pauses } from '../../engine/pauses.ts';
import type { Claimed, Millis } from '../../engine/ports.ts';
import { emptyChange, hasEnded, isUnreadable, type State } from '../../engine/state.ts';
import { Flights, type Flight } from './flights.ts';
import { runInline } from './inline.ts';
import { feedFanOuts } from './items.ts';
import { takeInputs } from './inputs.ts';
import { Lease, LeaseLost, Refused } from './lease.ts';
import { waitForStep, type DriverPayload } from './platform.ts';
import { isInline, toRun } from './rows.ts';
import type { Runtime } from './runtime.ts';

/** Why a driver ended; shows in the dashboard. */
export interface DriveResult {
  left: 'parked' | 'held by another' | 'ended' | 'failed' | 'cancelled' | 'gone';
  status?: string;
  state?: string;
  sequence?: number;
}

/**
 * Moves one instance: takes its lease, thinks through all that there is, stores it, and then
 * - with one step in flight, gives the lease back and waits for that step's run and nothing else;
 * - with none or several, ends: an event, a timer or a step's end brings the next driver.
 * So an event never finds the lease taken for longer than a transition takes.
 */
export async function drive(
  runtime: Runtime,
  { instance: id }: DriverPayload,
  run: { id: string; signal: AbortSignal },
): Promise<DriveResult> {
  const flights = new Flights(runtime, run.id);
  for (;;) {
    const next = await runtime.alive(async () => {
      try {
        return await hold(runtime, id, run, flights);
      } catch (error) {
        if (error instanceof LeaseLost) return 'lost' as const;
        throw error;
      }
    });
    if (next === 'lost') continue;
    if ('left' in next) return next;
    const { run: flight, ask } = next;
    const runId = await waitForStep(flight, ask);
    // One that never began has not told its name.
    await runtime.persist(() => runtime.store.nameRun(flight, runId));
    flights.ended(flight);
  }
}

/** From taking the lease to giving it back. */
async function hold(
  runtime: Runtime,
  id: string,
  run: { id: string; signal: AbortSignal },
  flights: Flights,
): Promise<DriveResult | Flight> {
  if (run.signal.aborted) return { left: 'cancelled' };
  const taken = await take(runtime, id);
  if (typeof taken === 'string') return { left: taken };
  const lease = await open(runtime, taken);
  const { worker } = taken;
  try {
    return await moveOn(runtime, lease, worker, run, flights);
  } catch (error) {
    if (error instanceof Refused) {
      const { cause } = error;
      await lease.fail(cause instanceof DurachartError ? cause : new DurachartError('NOT_STORABLE', error.message));
      return { left: 'failed', ...shown(lease.state) };
    }
    // The lease is the process's, and the process may live on.
    if (!(error instanceof LeaseLost)) await lease.giveBack().catch(() => {});
    throw error;
  }
}

async function moveOn(
  runtime: Runtime,
  lease: Lease,
  worker: number,
  run: { id: string; signal: AbortSignal },
  flights: Flights,
): Promise<DriveResult | Flight> {
  const { clock } = runtime;
  for (;;) {
    lease.pauses = await runtime.persist(() => runtime.store.pauses());
    await takeInputs(lease, () => clock.now());
    await lease.stored();
    await wakeOthers(runtime, lease);
    show(lease.state);
    // One that has ended, and has nothing left to do, needs nobody to look again.
    if (run.signal.aborted && !(hasEnded(lease.state.status) && toRun(lease.state, lease.pauses).length === 0)) {
      await lease.giveBack();
      // It need not have been a person: drivers that come for timers are cancelled by others.
      await lease.callAnother('its driver was cancelled');
      return { left: 'cancelled', ...shown(lease.state) };
    }
    if (!still(lease) && (await feedFanOuts(runtime, lease))) continue;
    if (await runInline(runtime, lease, worker, run.id, run.signal)) continue;
    const next = await flights.align(lease);
    if (next === 'again') continue;
    const due = nextDue(lease.state, lease.pauses, clock.now());
    if (next === 'park' && !still(lease) && due !== null && due <= clock.now() + runtime.keep) {
      // Another driver would take longer to come.
      await sleep(clock, Math.max(0, due - clock.now()));
      await lease.reload();
      continue;
    }
    if (await lease.release(due)) {
      if (next !== 'park') return next;
      return {
        left: leftAs(lease.state),
        ...shown(lease.state),
      };
    }
    // Something came in meanwhile.
    await lease.reload();
  }
}

/** Its workflow is paused. */
function still({ pauses, state }: Lease): boolean {
  return pauses.workflows.has(state.workflow.name);
}

/** An instance that this process has, as it was read. */
interface Taken {
  claimed: Claimed;
  worker: number;
  /** A time before it was read. */
  readAt: Millis;
}

async function take(runtime: Runtime, id: string): Promise<Taken | 'held by another' | 'gone'> {
  const { store, clock, deadAfter } = runtime;
  for (let asked = false; ;) {
    const session = await runtime.persist(() => runtime.session());
    const readAt = clock.now();
    const taken = await runtime.persist(() => store.take(session.id, id));
    if (taken === 'unknown') return 'gone';
    if (taken === 'expired') await runtime.renew(session);
    else if (taken !== 'held') return { ...taken, worker: session.id, readAt };
    else if (asked) return 'held by another';
    else {
      // Its owner may be dead. If it lives, it looks once more before it gives the instance back: at a timer, say, that has come due meanwhile.
      await store.buryWorkers(clock.now(), deadAfter, session.id);
      await runtime.persist(() => store.nudge(id));
      asked = true;
    }
  }
}

/** @throws DurachartError `UNKNOWN_WORKFLOW`, after giving the instance back */
async function open(runtime: Runtime, { worker, claimed, readAt }: Taken): Promise<Lease> {
  const workflow = runtime.workflows.get(claimed.workflow);
  if (workflow === undefined) {
    // Another version of the code may know it.
    await handBack(runtime, worker, claimed);
    const words = `Instance ${claimed.id} is of workflow ${claimed.workflow}, which these tasks do not know.`;
    throw new DurachartError('UNKNOWN_WORKFLOW', `${words} Add it to machines/index.ts and deploy.`);
  }
  return new Lease(runtime, worker, claimed, workflow, readAt);
}

/** Gives an instance back that cannot be brought to life here, whatever comes in meanwhile. */
async function handBack(runtime: Runtime, worker: number, claimed: Claimed): Promise<void> {
  const { store, clock } = runtime;
  for (let row: Claimed | undefined = claimed; row !== undefined; [row] = await store.reload(worker, [claimed.id])) {
    const after = { ...row, output: row.snapshot?.output ?? null };
    // Due, for the sweep of code that knows it.
    const release = { wakeAt: clock.now(), wake: row.wake };
    const commit = {
      ...emptyChange(),
      id: row.id,
      expected: row.sequence,
      create: null,
      requires: null,
      at: clock.now(),
      release,
      after,
    };
    const [result] = await runtime.persist(async () => store.commit(worker, [commit]));
    if (result === undefined || result.released) return;
  }
}

/** Those that were sent something, and those that what was published is for. */
async function wakeOthers(runtime: Runtime, lease: Lease): Promise<void> {
  await runtime.announce(lease.wakeOthers(), `told by ${lease.state.id}`);
  if (lease.takePublished()) await runtime.publisher.deliverAll();
}

/** When a driver has to look at the instance next: runs of steps see to themselves. */
function nextDue(state: State, pauses: Pauses, now: Millis): Millis | null {
  // Of a paused workflow it is looked at as soon as that goes on.
  if (pauses.workflows.has(state.workflow.name)) return now;
  // Whoever started one that is to begin later has triggered a driver for then.
  let due = state.status === 'scheduled' ? (state.startAt ?? Infinity) : Infinity;
  if (timersRun(state)) for (const timer of state.timers.values()) due = Math.min(due, timer.dueAt);
  for (const row of state.steps.values()) {
    if (isFanOut(row) && mayBegin(pauses, state.workflow.name, row)) due = Math.min(due, dueAt(state, row) ?? Infinity);
  }
  for (const row of toRun(state, pauses))
    if (isInline(state, row)) due = Math.min(due, row.nextAttemptAt ?? row.queuedAt);
  return due === Infinity ? null : due;
}

function shown({ status, name, sequence }: State): { status: string; state: string; sequence: number } {
  return { status, state: name, sequence };
}

function show(state: State): void {
  metadata
    .set('workflow', state.workflow.name)
    .set('instance', state.id)
    .set('status', state.status)
    .set('state', state.name)
    .set('sequence', state.sequence);
  metadata.set(
    'steps',
    [...state.steps.values()].map(({ key, step, status }) => ({ key, step, status })),
  );
}

function leftAs(state: State): DriveResult['left'] {
  if (isUnreadable(state)) return 'failed';
  return hasEnded(state.status) ? 'ended' : 'parked';
}
