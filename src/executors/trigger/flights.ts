import { placeKeyOf } from '../../core/concurrency-key.ts';
import { dueAt, isFanOut } from '../../engine/fan-out.ts';
import { timersRun } from '../../engine/inputs.ts';
import type { RunRow } from '../../engine/driver-store.ts';
import { mayBegin, type Pauses } from '../../engine/pauses.ts';
import type { Millis, StepRow } from '../../engine/ports.ts';
import type { State } from '../../engine/state.ts';
import { definitionOf } from '../../engine/step-rows.ts';
import type { Lease } from './lease.ts';
import { DRIVER, stepTaskId } from './names.ts';
import { cancelRun, findStepRun, isOver, triggerDriver, triggerStep, type StepAsk } from './platform.ts';
import { isInline, lostRun, toRun } from './rows.ts';
import type { Runtime } from './runtime.ts';

/** A run that the driver is to wait for. */
export interface Flight {
  run: RunRow;
  ask: StepAsk;
}

/** Brings the runs on the platform in line with what the instance's rows ask for. Looks at rows alone, so that whoever comes next can finish it. */
export class Flights {
  private readonly runtime: Runtime;
  private readonly me: string;
  /** Runs that this driver has made or has seen end, so that the platform need not be asked. */
  private readonly fresh = new Set<string>();
  private readonly over = new Set<string>();

  constructor(runtime: Runtime, me: string) {
    this.runtime = runtime;
    this.me = me;
  }

  /** The platform said that a run has ended. */
  ended(run: RunRow): void {
    this.over.add(nameOf(run));
  }

  /**
   * Ends runs that nobody asks for any longer, finds those that were lost, triggers what is missing.
   * `again`: rows have changed, look anew. A flight: the one step to wait for. `park`: others will bring the instance on.
   */
  async align(lease: Lease): Promise<'again' | 'park' | Flight> {
    const { store, clock, keep } = this.runtime;
    const { state, pauses } = lease;
    const rows = toRun(state, pauses).filter((row) => !isInline(state, row));
    const alarms = alarmsOf(state, pauses);
    const open = new Map<string, RunRow>();
    for (const run of await store.openRuns(state.id)) {
      if (isWanted(run, state, pauses, alarms)) open.set(slot(run.kind, run.key), run);
      else await this.giveUp(run);
    }
    if (await this.findLost(lease, rows, open)) return 'again';
    // What is due soon the driver waits for itself, if it does not wait for a step.
    const later = clock.now() + (rows.length === 1 ? 0 : keep);
    for (const alarm of alarms) {
      if (!open.has(slot('timer', alarmKey(alarm))) && alarm.dueAt > later) await this.arm(state, alarm);
    }
    const [only] = rows;
    if (rows.length === 1 && only !== undefined) {
      const next = await this.single(state, only, open.get(slot('step', only.key)));
      if (next === 'again') await lease.reload();
      return next;
    }
    for (const row of rows) await this.launch(state, row, open.get(slot('step', row.key)));
    return 'park';
  }

  /** One step in flight: the driver waits for it, unless another one does. */
  private async single(state: State, row: StepRow, known: RunRow | undefined): Promise<'again' | 'park' | Flight> {
    const { store, clock } = this.runtime;
    if (known === undefined) {
      const run = await store.planRun({ ...stepRun(state, row), waiter: this.me }, clock.now());
      // Over since it was read.
      return run === undefined ? 'again' : { run, ask: askFor(state, row, run, clock.now()) };
    }
    if (known.waiter !== null && known.waiter !== this.me && !(await isOver(known.waiter))) return 'park';
    return (await store.await(known, this.me)) ? { run: known, ask: askFor(state, row, known, clock.now()) } : 'again';
  }

  private async launch(state: State, row: StepRow, known: RunRow | undefined): Promise<void> {
    const { store, clock } = this.runtime;
    if (known !== undefined && known.runId !== null) return;
    // Planned before it is triggered: a driver that dies in between leaves a key under which the next one finds the run.
    const run = known ?? (await store.planRun({ ...stepRun(state, row), waiter: null }, clock.now()));
    // Over since it was read: whoever ended it has seen to it that somebody looks.
    if (run === undefined) return;
    const runId = await triggerStep(run, askFor(state, row, run, clock.now()));
    await store.nameRun(run, runId);
    this.fresh.add(nameOf(run));
  }

  private async arm(state: State, alarm: Alarm): Promise<void> {
    const { store, clock } = this.runtime;
    const plan = { instanceId: state.id, kind: 'timer', key: alarmKey(alarm), task: DRIVER, waiter: null } as const;
    const run = (await store.planRun(plan, clock.now())) as RunRow;
    const runId = await triggerDriver(state, `timer ${alarm.id}`, {
      at: alarm.dueAt,
      key: `timer:${state.id}:${run.key}:${run.round}`,
    });
    await store.nameRun(run, runId);
  }

  private async findLost(lease: Lease, rows: readonly StepRow[], open: Map<string, RunRow>): Promise<boolean> {
    let found = false;
    for (const row of rows) {
      const run = open.get(slot('step', row.key));
      if (run === undefined) {
        // A row that runs nowhere: its round was given up, but not its row; or a worker of the local executor left it.
        if (row.status !== 'running') continue;
        lease.row(lostRun(row, null, this.runtime.clock.now()));
        found = true;
      } else if (await this.isLost(run)) {
        // Ended first, and only then brought on: nothing that the old run may still write counts from here on.
        if (await this.runtime.store.endRun(run, this.runtime.clock.now()))
          lease.row(lostRun(row, run.runId, this.runtime.clock.now()));
        found = true;
      }
    }
    if (found) {
      await lease.stored();
      await lease.reload();
    }
    return found;
  }

  private async isLost(run: RunRow): Promise<boolean> {
    if (this.over.has(nameOf(run))) return true;
    if (run.runId === null || this.fresh.has(nameOf(run))) return false;
    return isOver(run.runId);
  }

  private async giveUp(run: RunRow): Promise<void> {
    const { store, clock, calls, fault } = this.runtime;
    const wasOpen = await store.endRun(run, clock.now());
    if (!wasOpen || run.runId === this.me || (run.runId === null && run.kind === 'timer')) return;
    try {
      // One that has not begun holds a place in the queue, and the driver that waits for it.
      const id = run.runId ?? (await calls.call(() => findStepRun(run)));
      await calls.call(() => cancelRun(id));
    } catch (error) {
      fault(`run ${run.runId ?? run.key} was not cancelled; what it comes to is dropped`, error);
    }
  }
}

function isWanted(run: RunRow, state: State, pauses: Pauses, alarms: readonly Alarm[]): boolean {
  if (run.kind === 'timer') return alarms.some((alarm) => alarmKey(alarm) === run.key);
  const row = state.steps.get(run.key);
  // Of what is paused that which runs may end; nothing begins, and a run in line or between attempts would.
  const paused = state.status === 'paused' || (row !== undefined && !mayBegin(pauses, state.workflow.name, row));
  if (paused && row?.status !== 'running') return false;
  return row !== undefined && row.status !== 'done' && row.status !== 'failed';
}

function stepRun(state: State, row: StepRow): Pick<RunRow, 'instanceId' | 'kind' | 'key' | 'task'> {
  return { instanceId: state.id, kind: 'step', key: row.key, task: stepTaskId(state.workflow.name, row.step) };
}

function askFor({ workflow, priority }: State, row: StepRow, { round }: RunRow, now: Millis): StepAsk {
  const definition = definitionOf(workflow, row);
  // A step in a queue that it shares has that queue's limit only, which is not to be split by its keys.
  const concurrencyKey =
    definition === undefined || definition.queue !== undefined
      ? undefined
      : placeKeyOf(definition, row.step, row.input);
  // One that comes in the place of another stands where that stood.
  const waited = round > 1 ? Math.max(0, Math.floor((now - row.queuedAt) / 1_000)) : 0;
  return { workflow: workflow.name, priority, at: row.nextAttemptAt, waited, concurrencyKey };
}

/** A time at which a driver has to come: a timer's, or that of the next attempt of what drivers run themselves. */
interface Alarm {
  id: string;
  dueAt: Millis;
}

function alarmsOf(state: State, pauses: Pauses): Alarm[] {
  if (pauses.workflows.has(state.workflow.name)) return [];
  const batches = [...state.steps.values()].filter(isFanOut).flatMap((row) => {
    const { resumeAt } = row.fanOut;
    return resumeAt === null || dueAt(state, row) !== resumeAt ? [] : [{ id: `batch of ${row.key}`, dueAt: resumeAt }];
  });
  const retries = toRun(state, pauses).filter((row) => row.status === 'retrying' && isInline(state, row));
  return [
    ...(timersRun(state) ? state.timers.values() : []),
    ...batches,
    ...retries.map((row) => ({ id: `retry ${row.key}`, dueAt: row.nextAttemptAt ?? 0 })),
  ];
}

/** With its time in it: a timer that is armed anew under the same id is another one. */
function alarmKey({ id, dueAt }: Alarm): string {
  return `${id}@${dueAt}`;
}

const slot = (kind: RunRow['kind'], key: string): string => `${kind} ${key}`;
const nameOf = ({ kind, key, round }: RunRow): string => `${kind} ${key} ${round}`;
