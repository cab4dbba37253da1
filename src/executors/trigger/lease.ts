import { Committer } from '../../engine/committer.ts';
import { decide, type Input } from '../../engine/decide.ts';
import { isSettled } from '../../engine/inputs.ts';
import { becameUnreadable } from '../../engine/macrostep.ts';
import { NOTHING_PAUSED, type Pauses } from '../../engine/pauses.ts';
import type { Claimed, Commit, CommitResult, InboxEvent, Millis, StepRow } from '../../engine/ports.ts';
import {
  emptyChange,
  instanceState,
  isHeld,
  rowsOf,
  isUnreadable,
  restored,
  unborn,
  type Change,
  type State,
} from '../../engine/state.ts';
import { errorRecord, type DurachartError } from '../../core/error.ts';
import type { Workflow } from '../../core/workflow.ts';
import type { Runtime } from './runtime.ts';

/** The instance went into other hands; what was thought about it meanwhile is void. */
export class LeaseLost extends Error {
  constructor(id: string) {
    super(`Instance ${id} went into other hands.`);
    this.name = 'LeaseLost';
  }
}

/** The database refuses the data itself: the instance cannot go on with it. */
export class Refused extends Error {
  constructor(cause: Error) {
    super(`The database refuses what the instance wants to store: ${cause.message}`, { cause });
    this.name = 'Refused';
  }
}

/** An instance in a driver's hands: inputs are thought through by `decide`, and stored by the same statement as a worker's. */
export class Lease {
  state: State;
  inbox: readonly InboxEvent[];
  /** As they were when it was last thought about. */
  pauses: Pauses = NOTHING_PAUSED;
  /** A time before the inbox was read. */
  readAt: Millis;
  private wake: number;
  private readonly worker: number;
  private readonly runtime: Runtime;
  private readonly committer: Committer;
  private readonly taken = new Set<number>();
  private writes: Promise<CommitResult>[] = [];
  /** Instances to which commits have sent something, or which they have started. */
  private readonly told = new Set<string>();
  /** A commit has published something. */
  private published = false;

  /** @param readAt a time before it was read */
  constructor(runtime: Runtime, worker: number, claimed: Claimed, workflow: Workflow, readAt: Millis) {
    this.runtime = runtime;
    this.worker = worker;
    const { store, clock, isTransient } = runtime;
    this.committer = new Committer({
      store,
      clock,
      worker,
      lanes: 1,
      isTransient,
      onFault: (error) => {
        if (error !== null) runtime.fault('the database does not answer; trying on', error);
      },
      onBroken: (error) => runtime.fault('after a commit something broke', error),
    });
    this.state = restored(claimed, workflow);
    this.inbox = claimed.inbox;
    this.readAt = readAt;
    this.wake = claimed.wake;
    if (isUnreadable(this.state)) this.push(becameUnreadable(this.state, claimed.status), claimed.sequence, null);
  }

  /** Events that are still to be thought about. */
  get events(): InboxEvent[] {
    return this.inbox.filter(({ id }) => !this.taken.has(id));
  }

  /** Thinks an input through and begins to store what comes of it. Returns whether anything did. */
  input(input: Input): boolean {
    const before = this.state;
    const { state, change } = decide(before, input, this.runtime.clock.now());
    if (state === before && change.consumed.length === 0 && change.steps.length === 0) return false;
    this.state = state;
    for (const { id } of change.consumed) this.taken.add(id);
    this.push(change, before.sequence, null);
    return true;
  }

  /** A result that has its turn among what else there is: see `takeInputs`. That of an action moves no machine. */
  result(row: StepRow): void {
    if (row.kind === 'action' || !isSettled(row) || isHeld(this.state.status) || !this.state.steps.has(row.key))
      return this.row(row);
    this.state = { ...this.state, steps: new Map(this.state.steps).set(row.key, row) };
  }

  /** Reads anew what there is for the instance, once what is known of it is stored. @throws LeaseLost, Refused */
  async look(): Promise<void> {
    for (const row of this.state.steps.values()) if (isSettled(row)) this.input({ type: 'step', row });
    await this.stored();
    await this.reload();
  }

  /** A row that goes on, waits or has come to its end. */
  row(row: StepRow): void {
    this.input({ type: row.status === 'done' || row.status === 'failed' ? 'settled' : 'step', row });
  }

  /** Resolves when all is stored. @throws LeaseLost, Refused */
  async stored(): Promise<void> {
    const writes = this.writes;
    this.writes = [];
    await Promise.all(writes);
  }

  /** The instances to wake, once each. */
  wakeOthers(): string[] {
    const ids = [...this.told];
    this.told.clear();
    return ids;
  }

  /** Whether something was published since it was last asked. */
  takePublished(): boolean {
    const { published } = this;
    this.published = false;
    return published;
  }

  /** Gives the instance back, unless something came in since it was read. */
  async release(wakeAt: Millis | null): Promise<boolean> {
    this.push(emptyChange(), this.state.sequence, { wakeAt, wake: this.wake });
    const [result] = await Promise.all(this.writes.splice(0));
    return result?.released === true;
  }

  /** Gives the instance back whatever has come in: it is due at once, for whoever comes next. The process may live on, and its leases with it. */
  async giveBack(): Promise<void> {
    while (!(await this.release(this.runtime.clock.now()))) await this.reload();
  }

  /** Has another driver come for what came in while this one had the lease: who sent it saw that there was a driver. */
  async callAnother(why: string): Promise<void> {
    await this.runtime.announce([this.state.id], why);
  }

  /** Stores that the instance fails where it last stood, and gives it back. */
  async fail(error: DurachartError): Promise<void> {
    this.writes = [];
    await this.reload();
    this.state = { ...this.state, status: 'failed', error: errorRecord(error) };
    if (await this.release(null)) return;
    await this.giveBack();
    await this.callAnother('something came in while it failed');
  }

  /** Reads anew what others have written. @throws LeaseLost */
  async reload(): Promise<void> {
    const at = this.runtime.clock.now();
    const [claimed] = await this.runtime.persist(() => this.runtime.store.reload(this.worker, [this.state.id]));
    if (claimed === undefined) throw new LeaseLost(this.state.id);
    this.state = restored(claimed, this.state.workflow);
    this.inbox = claimed.inbox;
    this.readAt = at;
    this.wake = claimed.wake;
    this.taken.clear();
  }

  private push(change: Change, expected: number, release: Commit['release']): void {
    const { id } = this.state;
    const { children } = change;
    const commit: Commit = {
      ...rowsOf(change),
      id,
      expected,
      create: null,
      requires: null,
      after: instanceState(this.state),
      at: this.runtime.clock.now(),
      release,
    };
    for (const { to } of change.posts) if (to !== id) this.told.add(to);
    for (const child of children) this.told.add(child.id);
    this.published ||= change.published.length > 0;
    const write = new Promise<CommitResult>((resolve, reject) => {
      this.committer.push(0, {
        owner: this,
        commit,
        children: children.map((child) => this.childCommit(child)),
        stored: [resolve],
        lost: [() => reject(new LeaseLost(id))],
        refused: [(error) => reject(new Refused(error))],
      });
    });
    // Looked at in `stored`; until then a rejection is nobody's fault.
    write.catch(() => {});
    this.writes.push(write);
  }

  private childCommit({ id, create }: Change['children'][number]): Commit {
    const workflow = this.runtime.workflows.get(create.workflow) as Workflow;
    return {
      ...emptyChange(),
      id,
      expected: 0,
      create,
      requires: this.state.id,
      at: create.createdAt,
      release: null,
      after: instanceState(unborn(id, workflow, create)),
    };
  }
}
