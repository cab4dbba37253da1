import { DurachartError, errorRecord } from '../core/error.ts';
import type { Workflow } from '../core/workflow.ts';
import type { Attempts } from './attempts.ts';
import type { Committer } from './committer.ts';
import { report } from './macrostep.ts';
import type { Owned } from './owned.ts';
import type { Pauses } from './pauses.ts';
import type {
  Claimed,
  Clock,
  Commit,
  CommitResult,
  InstanceState,
  Millis,
  NewInstance,
  StepRow,
  Store,
} from './ports.ts';
import { emptyChange, instanceState, rowsOf, unborn, type Change } from './state.ts';

/** What writing needs of the worker that does it. */
export interface WriterHost {
  readonly workerId: number;
  readonly committer: Committer;
  /** Whether new work may be taken. */
  readonly accepting: boolean;
  readonly pauses: Pauses;
  /** Still this worker's, and in memory. */
  holds(owned: Owned): boolean;
  drop(owned: Owned): void;
  /** Does what reads instances and adopts them, so that what is notified meanwhile is not lost. */
  whileTaking<T>(read: () => Promise<T>): Promise<T>;
  /** Takes over an instance that is this worker's now. @param readAt a time before it was read */
  adopt(claimed: Claimed, readAt: Millis): void;
  /** Takes children that have come into being in this worker's hands. */
  takeChildren(children: Change['children']): void;
  /** What was thought is stored, and may be acted upon. */
  onStored(owned: Owned, change: Change, reserved: StepRow[], after: InstanceState): void;
  /** Looks soon for what this worker may own without knowing it. */
  suspect(): void;
  /** Does a task on the side, its errors told. */
  aside(task: () => Promise<void>): void;
  nextLane(): number;
}

export interface WriterOptions {
  store: Store;
  clock: Clock;
  workflows: ReadonlyMap<string, Workflow>;
  events: {
    changed(id: string, over: boolean): void;
    fault(message: string, error: unknown): void;
  };
}

/** What is to be done about a commit besides what is always done. */
export interface Callbacks {
  stored?: (result: CommitResult) => void;
  lost?: () => void;
  refused?: (error: Error) => void;
}

/** Turns what was decided about owned instances into commits, and acts upon their outcomes. */
export class Writer {
  private readonly options: WriterOptions;
  private readonly attempts: Attempts;
  private readonly host: WriterHost;
  /** Children whose first commit is under way: theirs in the database, not yet in memory. */
  private readonly expected = new Set<string>();
  /** Instances that are to fail for what the database refuses, until that is stored: whoever took one up meanwhile would try the same again. */
  private readonly refusing = new Set<string>();

  constructor(options: WriterOptions, attempts: Attempts, host: WriterHost) {
    this.options = options;
    this.attempts = attempts;
    this.host = host;
  }

  /** Whether an instance is about to come into being as a child, or to fail for what is refused. */
  expects(id: string): boolean {
    return this.expected.has(id) || this.refusing.has(id);
  }

  write(
    owned: Owned,
    change: Change,
    expected: number,
    callbacks: Callbacks,
    create: NewInstance | null = null,
    release: Commit['release'] = null,
  ): void {
    const { host } = this;
    const reserved = this.attempts.reserve(owned, change);
    const { children } = change;
    for (const { id } of children) this.expected.add(id);
    const taken = children.filter(({ create: child }) => host.accepting && !host.pauses.workflows.has(child.workflow));
    const commit: Commit = {
      ...rowsOf(change),
      id: owned.state.id,
      expected,
      create,
      requires: null,
      after: instanceState(owned.state),
      at: this.options.clock.now(),
      release,
    };
    host.committer.push(owned.lane, {
      owner: owned,
      commit,
      children: children.map((child) => this.childCommit(owned.state.id, child, taken.includes(child))),
      stored: [
        (result) => {
          for (const { id } of children) this.expected.delete(id);
          host.takeChildren(taken);
          callbacks.stored?.(result);
          host.onStored(owned, change, reserved, commit.after);
        },
      ],
      lost: [
        (unknown) => {
          for (const { id } of children) this.expected.delete(id);
          callbacks.lost?.();
          host.drop(owned);
          // A new instance whose id is taken is nothing to wonder at.
          if (create === null || unknown) host.suspect();
        },
      ],
      refused: [
        (error) => {
          for (const { id } of children) this.expected.delete(id);
          callbacks.refused?.(error);
          // Of commits that were merged the first has told.
          if (!host.holds(owned)) return;
          const { id } = owned.state;
          this.options.events.fault(`what instance ${id} wants to store is refused`, error);
          this.refusing.add(id);
          host.drop(owned);
          const told =
            error instanceof DurachartError
              ? error
              : new DurachartError(
                  'NOT_STORABLE',
                  error instanceof RangeError
                    ? `What the instance wants to store is larger than can be written at all: ${error.message}`
                    : `The database refuses what the instance wants to store: ${error.message}`,
                );
          host.aside(async () => this.readAndRefuse(id, told));
        },
      ],
    });
  }

  private childCommit(parentId: string, { id, create }: Change['children'][number], leased: boolean): Commit {
    const state = unborn(id, this.options.workflows.get(create.workflow) as Workflow, create);
    return {
      ...emptyChange(),
      id,
      expected: 0,
      requires: parentId,
      at: create.createdAt,
      release: null,
      create: { ...create, leased },
      after: instanceState(state),
    };
  }

  private async readAndRefuse(id: string, error: DurachartError): Promise<void> {
    try {
      const [claimed] = await this.options.store.reload(this.host.workerId, [id]);
      if (claimed !== undefined) return this.refuse(claimed, error);
      this.refusing.delete(id);
    } catch (unread) {
      this.refusing.delete(id);
      this.host.suspect();
      throw unread;
    }
  }

  /** An instance whose data the database refuses fails where it stands, and can be retried once that is mended. */
  private refuse(claimed: Claimed, error: DurachartError): void {
    const { host } = this;
    const { status: _, output, ...rest } = { ...claimed, output: claimed.snapshot?.output ?? null };
    const record = errorRecord(error);
    const commit: Commit = {
      ...emptyChange(),
      id: claimed.id,
      expected: claimed.sequence,
      create: null,
      requires: null,
      at: this.options.clock.now(),
      after: { ...rest, output, status: 'failed', error: record },
      posts: claimed.parent === null ? [] : [report(claimed.parent, { error: record })],
      release: { wakeAt: null, wake: claimed.wake },
    };
    const over = (): void => void this.refusing.delete(claimed.id);
    const stored = ({ released }: CommitResult): void => {
      over();
      this.options.events.changed(claimed.id, true);
      // Something has come in meanwhile; what is still ours would be nobody's.
      if (!released) host.aside(async () => host.whileTaking(async () => this.readAgain(claimed.id)));
    };
    host.committer.push(host.nextLane(), {
      owner: commit,
      commit,
      children: [],
      stored: [stored],
      lost: [over, () => host.suspect()],
      refused: [over],
    });
  }

  private async readAgain(id: string): Promise<void> {
    const { store, clock } = this.options;
    const now = clock.now();
    for (const claimed of await store.reload(this.host.workerId, [id])) this.host.adopt(claimed, now);
  }
}
