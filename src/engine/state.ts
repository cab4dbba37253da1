import { errorRecord, type DurachartError, type ErrorRecord } from '../core/error.ts';
import type { LiveSnapshot } from '../core/machine.ts';
import type { StoredSnapshot } from '../core/snapshot.ts';
import type { Workflow } from '../core/workflow.ts';
import { NO_CHAIN, type Chain } from './chain.ts';
import { firstSubscriptions } from './events/correlation.ts';
import type {
  Claimed,
  Commit,
  InstanceState,
  InstanceStatus,
  Millis,
  NewInstance,
  Stand,
  StepRow,
  Timer,
} from './ports.ts';

/** An instance in memory, between two inputs. Immutable. */
export interface State {
  readonly id: string;
  readonly workflow: Workflow;
  readonly tenant: string | null;
  readonly priority: number;
  readonly input: unknown;
  readonly parent: { id: string; key: string } | null;
  readonly createdAt: Millis;
  readonly startAt: Millis | null;
  readonly status: InstanceStatus;
  readonly sequence: number;
  /** Null before the first transition, and where the code no longer has the state. */
  readonly snapshot: LiveSnapshot | null;
  readonly stored: StoredSnapshot | null;
  /** The state's name on one line. */
  readonly name: string;
  /** Live invocations, by key: what the machine waits for. */
  readonly steps: ReadonlyMap<string, StepRow>;
  readonly timers: ReadonlyMap<string, Timer>;
  /** When it took its last transition; -Infinity where that was before it was read. */
  readonly movedAt: Millis;
  /** The time from which the delays of that transition count: see `countsFrom`. */
  readonly since: Millis;
  readonly chain: Chain;
  readonly error: ErrorRecord | null;
  /** Why it could not be brought back from its rows, as long as it has no snapshot; see {@link isUnreadable}. */
  readonly unreadable: ErrorRecord | null;
  readonly finishedAt: Millis | null;
}

/** What a decision adds to the instance's next commit. */
export interface Change extends Pick<
  Commit,
  | 'transitions'
  | 'newSteps'
  | 'steps'
  | 'waitingItems'
  | 'stoppedItems'
  | 'timers'
  | 'cancelled'
  | 'consumed'
  | 'posts'
  | 'audits'
  | 'published'
  | 'subscriptions'
> {
  /** Instances to be started with it. */
  children: { id: string; create: NewInstance }[];
}

/** A change that changes nothing, to be added to. */
export function emptyChange(): Change & { cancelled: string[] } {
  return {
    transitions: [],
    newSteps: [],
    steps: [],
    waitingItems: [],
    stoppedItems: [],
    timers: [],
    cancelled: [],
    consumed: [],
    posts: [],
    audits: [],
    published: [],
    subscriptions: null,
    children: [],
  };
}

/** What of a change goes into the commit of the instance itself: all but its children, which have commits of their own. */
export function rowsOf(change: Change): Omit<Change, 'children'> {
  return {
    transitions: change.transitions,
    newSteps: change.newSteps,
    steps: change.steps,
    waitingItems: change.waitingItems,
    stoppedItems: change.stoppedItems,
    timers: change.timers,
    cancelled: change.cancelled,
    consumed: change.consumed,
    posts: change.posts,
    audits: change.audits,
    published: change.published,
    subscriptions: change.subscriptions,
  };
}

/** No further input moves the instance. */
export function hasEnded(status: InstanceStatus): boolean {
  return status === 'done' || status === 'cancelled';
}

/** Whoever waits for its end is answered: it has ended, or failed. */
export function isOver(status: InstanceStatus): boolean {
  return hasEnded(status) || status === 'failed';
}

/** The part of the state that the instance's row shows. */
export function instanceState(state: State): InstanceState {
  return {
    status: state.status,
    state: state.name,
    sequence: state.sequence,
    snapshot: state.stored,
    live: [...state.steps.keys()],
    output: state.stored?.output ?? null,
    error: state.error,
    finishedAt: state.finishedAt,
  };
}

/** An instance that has not made its first transition. */
export function unborn(id: string, workflow: Workflow, create: NewInstance): State {
  return {
    id,
    workflow,
    tenant: create.tenant,
    priority: create.priority,
    input: create.input,
    parent: create.parent,
    createdAt: create.createdAt,
    startAt: create.startAt,
    status: 'scheduled',
    sequence: 0,
    snapshot: null,
    stored: null,
    name: '',
    steps: new Map(),
    timers: new Map(),
    movedAt: -Infinity,
    since: -Infinity,
    chain: NO_CHAIN,
    error: null,
    unreadable: null,
    finishedAt: null,
  };
}

/** Brings an instance into being, for whoever moves it next. */
export function unbornCommit(id: string, workflow: Workflow, create: NewInstance): Commit {
  return {
    ...rowsOf(emptyChange()),
    subscriptions: firstSubscriptions({ id, input: create.input, workflow }),
    id,
    expected: 0,
    create,
    requires: null,
    after: instanceState(unborn(id, workflow, create)),
    at: create.createdAt,
    release: null,
  };
}

/**
 * An instance as it was read. One in a state that the code no longer has is failed (`STATE_UNKNOWN`), and so is one whose
 * rows refer to what cannot be read (`PAYLOAD_UNREADABLE`): it moves by operations only.
 */
export function restored(claimed: Claimed, workflow: Workflow): State {
  if (claimed.damage !== undefined) return unreadable(claimed, workflow, claimed.damage);
  try {
    return withSnapshot(
      claimed,
      workflow,
      claimed.snapshot === null ? null : workflow.machine.restore(claimed.snapshot),
    );
  } catch (thrown) {
    return unreadable(claimed, workflow, errorRecord(thrown as DurachartError));
  }
}

function unreadable(claimed: Claimed, workflow: Workflow, error: ErrorRecord): State {
  return { ...withSnapshot(claimed, workflow, null), status: 'failed', error, unreadable: error };
}

/** Whether it could not be brought back from its rows. */
export function isUnreadable({ unreadable: why, snapshot }: Pick<State, 'unreadable' | 'snapshot'>): boolean {
  return why !== null && snapshot === null;
}

function withSnapshot(claimed: Claimed, workflow: Workflow, snapshot: LiveSnapshot | null): State {
  return {
    id: claimed.id,
    workflow,
    tenant: claimed.tenant,
    priority: claimed.priority,
    input: claimed.input,
    parent: claimed.parent,
    createdAt: claimed.createdAt,
    startAt: claimed.startAt,
    status: claimed.status,
    sequence: claimed.sequence,
    snapshot,
    stored: claimed.snapshot,
    name: claimed.state,
    steps: new Map(claimed.steps.map((row) => [row.key, row])),
    timers: new Map(claimed.timers.map((timer) => [timer.id, timer])),
    movedAt: -Infinity,
    since: -Infinity,
    chain: NO_CHAIN,
    error: claimed.error,
    unreadable: null,
    finishedAt: claimed.finishedAt,
  };
}

/** What moves by itself stands still: an operator's word is awaited. What comes in meanwhile is kept. */
export function isHeld(status: InstanceStatus): boolean {
  return status === 'failed' || status === 'paused';
}

/** Where the instance stands, for the record. */
export function standOf({ status, name, sequence, error }: State): Stand {
  return { status, state: name, sequence, errorCode: error?.code ?? null };
}
