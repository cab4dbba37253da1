import type { Commit, InstanceState, NewInstance, Post, StepRow, Store } from '../../../src/engine/ports.ts';
import type { Reader } from '../../../src/engine/reader.ts';

/** One process's way to a store: what several of them share is the store's own business. */
export interface StoreAccess {
  store: Store;
  reader: Reader;
  /** Has a worker have been silent for so many milliseconds more. */
  silence(worker: number, milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

/** Makes an empty store; `open` gives another process's access to the same one. */
export type MakeStore = () => Promise<{ open: () => StoreAccess; drop: () => Promise<void> }>;

/** A time of the contract's own; stores have no clock. */
export const T = Date.UTC(2030, 0, 1);

function newInstance(over: Partial<NewInstance> = {}): NewInstance {
  return {
    workflow: 'w',
    version: '1',
    tenant: null,
    tags: [],
    priority: 5,
    input: { n: 1 },
    key: null,
    parent: null,
    leased: false,
    wakeAt: T,
    startAt: null,
    createdAt: T,
    ...over,
  };
}

export function state(over: Partial<InstanceState> = {}): InstanceState {
  return {
    status: 'waiting',
    state: 'A',
    sequence: 1,
    snapshot: { status: 'active', value: 'A', context: {}, children: {}, historyValue: {} },
    live: [],
    output: null,
    error: null,
    finishedAt: null,
    ...over,
  };
}

/** A commit that changes nothing but what is given. */
export function commit(id: string, over: Partial<Commit> = {}): Commit {
  return {
    id,
    expected: 1,
    create: null,
    requires: null,
    after: state(),
    at: T,
    transitions: [],
    audits: [],
    published: [],
    subscriptions: null,
    newSteps: [],
    steps: [],
    waitingItems: [],
    stoppedItems: [],
    timers: [],
    cancelled: [],
    consumed: [],
    posts: [],
    release: null,
    ...over,
  };
}

/** A commit that brings an instance into being, at sequence 1. */
export function birth(id: string, create: Partial<NewInstance> = {}, over: Partial<Commit> = {}): Commit {
  return commit(id, { expected: 0, create: newInstance(create), ...over });
}

export function step(key: string, over: Partial<StepRow> = {}): StepRow {
  return {
    key,
    kind: 'step',
    step: 'work',
    status: 'running',
    attempt: 1,
    maxAttempts: 3,
    lost: 0,
    nextAttemptAt: null,
    input: { a: 1 },
    output: undefined,
    error: null,
    attempts: null,
    logs: null,
    progress: null,
    message: null,
    queue: null,
    worker: null,
    childId: null,
    queuedAt: T,
    startedAt: T,
    heartbeatAt: null,
    finishedAt: null,
    ...over,
  };
}

export function post(to: string, over: Partial<Post> = {}): Post {
  return { to, type: 'E', payload: { n: 1 }, source: 'instance', fence: null, dedupeKey: null, ...over };
}

/** A transition of a history: its first one has the whole snapshot. */
export function transition(sequence: number): Commit['transitions'][number] {
  return {
    sequence,
    event: 'E',
    payload: null,
    stepKey: null,
    from: 'A',
    to: 'A',
    diff: sequence === 1 ? { ...state().snapshot } : { context: { sequence } },
    emitted: null,
    timers: null,
    at: T,
  };
}
