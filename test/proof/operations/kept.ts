import { isDeepStrictEqual } from 'node:util';
import { applyDiff, type StoredSnapshot } from '../../../src/core/snapshot.ts';
import { invokeId, sequenceOf } from '../../../src/engine/keys.ts';
import { WHOLE_EVERY } from '../../../src/engine/macrostep.ts';
import type { Past } from '../../../src/engine/operations/moment.ts';
import type { NewOperation, OperationRecord } from '../../../src/engine/operations/records.ts';
import type {
  Claimed,
  Commit,
  InboxEvent,
  InstanceState,
  Millis,
  NewInstance,
  Post,
  StepRow,
  Timer,
  TransitionRow,
} from '../../../src/engine/ports.ts';

/** An event as its row has it. */
export type KeptEvent = InboxEvent & { status: string; dedupeKey: string | null };

/** What the database keeps of one instance, and how the commit statement changes it: on a condition, and never one row twice. */
export class Kept {
  readonly id: string;
  create!: NewInstance;
  instance!: InstanceState;
  /** Counts the owners; only the last one's commits hold. */
  owner = 0;
  readonly transitions: TransitionRow[] = [];
  readonly steps = new Map<string, StepRow>();
  readonly timers = new Map<string, Timer>();
  readonly events: KeptEvent[] = [];
  readonly audit: (OperationRecord & { eventId: number | null })[] = [];
  readonly sent: Post[] = [];
  readonly children = new Map<string, NewInstance>();

  constructor(id: string) {
    this.id = id;
  }

  /** Whether the commit holds. */
  commit(owner: number, given: Commit, children: readonly Commit[]): boolean {
    const commit = copied(given);
    if (commit.create !== null) {
      if (this.instance !== undefined) return false;
      this.create = commit.create;
    } else if (owner !== this.owner || this.instance.sequence !== commit.expected) return false;
    this.instance = commit.after;
    for (const transition of commit.transitions) {
      once(
        this.transitions.every(({ sequence }) => sequence !== transition.sequence),
        `transition ${transition.sequence}`,
      );
      this.transitions.push(transition);
    }
    this.changeSteps(commit);
    this.changeTimers(commit);
    for (const { id, status } of commit.consumed) {
      const event = this.events.find((other) => other.id === id) as KeptEvent;
      event.status = status;
    }
    for (const post of commit.posts) {
      const { to, dedupeKey } = post;
      const known = dedupeKey !== null && this.sent.some((sent) => sent.to === to && sent.dedupeKey === dedupeKey);
      if (!known) this.sent.push(post);
    }
    this.changeAudit(commit);
    for (const { id, create } of children) if (create !== null) this.children.set(id, create);
    return true;
  }

  private changeSteps({ newSteps, steps, audits }: Commit): void {
    const before = new Set(this.steps.keys());
    const hit = new Set<string>();
    for (const row of newSteps) {
      once(!before.has(row.key) && !hit.has(row.key), `step ${row.key}`);
      hit.add(row.key);
      const error = audits.length > 0 ? row.error : null;
      const { output: _, ...rest } = row;
      this.steps.set(row.key, { ...rest, ...NEW, output: undefined, error });
    }
    for (const row of steps) {
      once(!hit.has(row.key), `step ${row.key}`);
      hit.add(row.key);
      const old = this.steps.get(row.key);
      if (old === undefined || (old.status === 'done' && row.status !== 'done')) continue;
      const { kind, step, input, maxAttempts, queue, childId } = old;
      const attempts = row.attempts ?? old.attempts;
      this.steps.set(row.key, { ...row, kind, step, input, maxAttempts, queue, childId, attempts });
    }
  }

  private changeTimers({ timers, cancelled }: Commit): void {
    const armed = new Set(timers.map(({ id }) => id));
    once(armed.size === timers.length, 'timer');
    // What is armed by the same statement is not deleted by it.
    if (cancelled === 'all') {
      for (const id of this.timers.keys()) if (!armed.has(id)) this.timers.delete(id);
    } else {
      for (const id of cancelled) once(!armed.has(id), `timer ${id}`);
      for (const id of cancelled) this.timers.delete(id);
    }
    for (const timer of timers) this.timers.set(timer.id, timer);
  }

  private changeAudit({ audits, at }: Commit): void {
    for (const { eventId, create, ...outcome } of audits) {
      const finished = { ...outcome, finishedAt: new Date(at) };
      if (create !== null) {
        if (create.key !== null)
          once(
            this.audit.every(({ key }) => key !== create.key),
            `key ${create.key}`,
          );
        this.record(create, { ...finished, eventId, requestedAt: new Date(at) });
      }
      const row = this.audit.find((other) => other.eventId === eventId && other.status === 'requested');
      if (row !== undefined) Object.assign(row, finished);
    }
  }

  /** Puts an event into the inbox, once a key. */
  post(
    event: Omit<InboxEvent, 'id' | 'createdAt'>,
    dedupeKey: string | null = null,
    createdAt: Millis = 0,
  ): KeptEvent | undefined {
    if (dedupeKey !== null && this.events.some((other) => other.dedupeKey === dedupeKey)) return undefined;
    const kept: KeptEvent = { ...copied(event), createdAt, id: this.events.length + 1, status: 'pending', dedupeKey };
    this.events.push(kept);
    return kept;
  }

  /** An order, with its record. */
  request(operation: NewOperation): { id: number; duplicate: boolean } {
    const { key, payload } = operation;
    const type = `durachart.${operation.operation}`;
    const dedupe = key === null ? null : `operation ${key}`;
    const event = this.post({ type, payload, source: 'control', fence: null }, dedupe);
    if (event === undefined) return { id: this.audit.find((row) => row.key === key)?.id ?? 0, duplicate: true };
    const at = { eventId: event.id, status: 'requested' as const, requestedAt: new Date(operation.at) };
    return { id: this.record(operation, at), duplicate: false };
  }

  private record(
    { operation, arguments: args, by, why, key }: Pick<NewOperation, 'operation' | 'arguments' | 'by' | 'why' | 'key'>,
    more: Partial<Kept['audit'][number]>,
  ): number {
    const id = this.audit.length + 1;
    const rest = { code: null, reason: null, before: null, after: null, result: null, repeats: null, finishedAt: null };
    const target = { target: 'instance' as const, targetId: this.id };
    this.audit.push({
      ...rest,
      ...target,
      id,
      operation,
      arguments: args,
      by,
      why,
      key,
      ...more,
    } as Kept['audit'][number]);
    return id;
  }

  /** Takes the instance over. */
  claim(): Claimed {
    this.owner++;
    return this.read();
  }

  read(): Claimed {
    const { create, instance, id } = this;
    const rest = { id, wake: 0, timers: [...this.timers.values()], inbox: this.inbox() };
    const steps = instance.live.map((key) => this.steps.get(key) as StepRow);
    return copied({ ...create, ...instance, ...rest, steps });
  }

  inbox(): KeptEvent[] {
    return copied(this.events.filter(({ status }) => status === 'pending'));
  }

  /** The snapshot after a transition, put together from the history. */
  snapshot(sequence: number): StoredSnapshot {
    const from = Math.max(1, Math.floor(sequence / WHOLE_EVERY) * WHOLE_EVERY);
    const [whole, ...diffs] = this.transitions.filter((row) => row.sequence >= from && row.sequence <= sequence);
    return diffs.reduce((before, { diff }) => applyDiff(before, diff), whole?.diff as StoredSnapshot);
  }

  past(sequence: number): Past | undefined {
    const transition = this.transitions.find((row) => row.sequence === sequence);
    if (transition === undefined) return undefined;
    const snapshot = this.snapshot(sequence);
    const newest = new Map<string, StepRow>();
    const rows = [...this.steps.values()].filter(({ kind, key }) => kind !== 'action' && sequenceOf(key) <= sequence);
    for (const row of rows.toSorted((a, b) => sequenceOf(a.key) - sequenceOf(b.key)))
      newest.set(invokeId(row.key), row);
    const upTo = this.transitions.filter((row) => row.sequence <= sequence);
    return copied({
      id: this.id,
      parentId: null,
      snapshot,
      at: transition.at,
      invocations: [...newest].filter(([id]) => Object.hasOwn(snapshot.children, id)).map(([, row]) => row),
      armed: upTo.flatMap(({ timers }) => timers?.armed ?? []),
      outstanding: transition.timers,
    });
  }

  entered(): { sequence: number; event: string } | undefined {
    return this.transitions.findLast(({ from, to }) => from !== to);
  }

  /** Whether nothing is different. */
  same(other: Kept): boolean {
    return isDeepStrictEqual(copied(this.all()), copied(other.all()));
  }

  /** A copy that goes its own way. */
  clone(): Kept {
    const clone = new Kept(this.id);
    const { steps, timers, children, ...rest } = structuredClone(this.all());
    for (const [name, list] of Object.entries({ steps, timers, children })) {
      for (const [key, value] of list) (clone[name as 'steps'] as Map<string, unknown>).set(key, value);
    }
    return Object.assign(clone, rest);
  }

  private all() {
    const { create, instance, owner, transitions, steps, timers, events, audit, sent, children } = this;
    const maps = { steps: [...steps], timers: [...timers], children: [...children] };
    return { create, instance, owner, transitions, events, audit, sent, ...maps };
  }
}

/** What is not written of a row that is new. */
const NEW = {
  lost: 0,
  nextAttemptAt: null,
  attempts: null,
  logs: null,
  progress: null,
  message: null,
  heartbeatAt: null as Millis | null,
};

/** As it comes back from the database. */
export function copied<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function once(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`One statement writes ${what} twice.`);
}
