import type { Claimed, Commit, CommitResult, Millis, Store } from '../../src/engine/ports.ts';
import type { NewEvent, Posted, SendFacts, SendStore, SentRecord } from '../../src/engine/sending/send-store.ts';
import { DurachartError } from '../../src/core/error.ts';
import { Kept } from '../proof/operations/kept.ts';

/** Milliseconds after a start of the server in which nobody is declared dead for want of a lock. */
const GRACE = 3_000;

interface Row {
  kept: Kept;
  workflow: string;
  lease: number | null;
  wake: number;
  wakeAt: Millis | null;
}

interface WorkerRow {
  id: number;
  beatAt: Millis;
  stopped: boolean;
  /** Its session stands, and with it the lock. */
  locked: boolean;
}

/** What Postgres keeps, in memory: the store's statements with the same conditions, each of them done at once and whole. */
export class Database {
  readonly rows = new Map<string, Row>();
  readonly workers: WorkerRow[] = [];
  /** What transactional steps have written. */
  readonly effects: string[] = [];
  startedAt: Millis = 0;
  private readonly listeners = new Set<(ids: string[] | '*') => void>();
  readonly now: () => Millis;

  constructor(now: () => Millis) {
    this.now = now;
  }

  listen(callback: (ids: string[] | '*') => void): () => void {
    this.listeners.add(callback);
    return () => void this.listeners.delete(callback);
  }

  commit(worker: number, batch: readonly Commit[]): CommitResult[] {
    const before = new Set(this.rows.keys());
    const hit = new Set<string>();
    const stored: Commit[] = [];
    const results: CommitResult[] = [];
    for (const commit of batch) {
      if (!this.apply(worker, commit, stored)) continue;
      hit.add(commit.id);
      stored.push(commit);
      results.push({ id: commit.id, released: this.rows.get(commit.id)?.lease === null });
    }
    const posted = new Set<string>();
    for (const { posts, at } of stored) {
      for (const { to, type, payload, source, fence, dedupeKey } of posts) {
        const row = this.rows.get(to);
        if (row === undefined) continue;
        row.kept.post({ type, payload, source, fence }, dedupeKey, at);
        if (posted.has(to) || !before.has(to)) continue;
        if (hit.has(to)) throw new Error(`One statement writes ${to} twice.`);
        posted.add(to);
        this.wake(row, at);
      }
    }
    const work = stored.filter(({ create }) => create !== null && !create.leased).map(({ id }) => id);
    this.notify([...posted, ...work]);
    return results;
  }

  private apply(worker: number, commit: Commit, stored: readonly Commit[]): boolean {
    const { id, create, release } = commit;
    let row = this.rows.get(id);
    if (create !== null) {
      if (row !== undefined) return false;
      if (commit.requires !== null && stored.every((other) => other.id !== commit.requires)) return false;
      row = { kept: new Kept(id), workflow: create.workflow, lease: null, wake: 0, wakeAt: null };
      this.rows.set(id, row);
      row.lease = create.leased && release === null ? worker : null;
      row.wakeAt = release === null ? create.wakeAt : release.wakeAt;
    } else {
      if (row === undefined || row.lease !== worker || row.kept.instance.sequence !== commit.expected) return false;
      if (release !== null && release.wake === row.wake) {
        row.lease = null;
        row.wakeAt = release.wakeAt;
      }
    }
    row.kept.owner = worker;
    if (!row.kept.commit(worker, commit, [])) throw new Error(`The fence of ${id} holds two things for true.`);
    return true;
  }

  sendFacts(asked: Parameters<SendStore['sendFacts']>[0]): SendFacts[] {
    return [...new Set(asked.map(({ id }) => id))].flatMap((id): SendFacts[] => {
      const row = this.rows.get(id);
      if (row === undefined) return [];
      const { status, state, snapshot, live } = row.kept.instance;
      const { steps, timers, events } = row.kept;
      const due = [...timers.values()].map(({ dueAt }) => dueAt);
      return [
        {
          id,
          parent: null,
          workflow: row.workflow,
          status,
          state,
          snapshot,
          wake: row.wake,
          inbox: row.kept.inbox(),
          busy: live.some((key) => steps.get(key)?.kind !== 'action'),
          nextTimer: due.length === 0 ? null : Math.min(...due),
          keys: new Map(
            events.flatMap(({ id: event, dedupeKey }) =>
              dedupeKey === null ? [] : [[dedupeKey, this.eventId(id, event)]],
            ),
          ),
        },
      ];
    });
  }

  /** Each instance numbers its own events. */
  private eventId(instance: string, event: number): number {
    return [...this.rows.keys()].indexOf(instance) * 1_000_000 + event;
  }

  sentEvents(ids: readonly number[]): SentRecord[] {
    return [...this.rows.values()].flatMap(({ kept }) => {
      const { state, sequence } = kept.instance;
      return kept.events
        .filter(({ id }) => ids.includes(this.eventId(kept.id, id)))
        .map(({ id, status }) => ({
          id: this.eventId(kept.id, id),
          outcome: status as SentRecord['outcome'],
          state,
          sequence,
        }));
    });
  }

  post(events: readonly NewEvent[]): Posted[] {
    const wakes = new Map([...this.rows].map(([id, { wake }]) => [id, wake]));
    return events.map(({ instanceId, type, payload, source, dedupeKey, at, wake }): Posted => {
      const row = this.rows.get(instanceId);
      if (row === undefined) return { outcome: 'no instance' };
      if (wake !== null && wake !== wakes.get(instanceId)) return { outcome: 'moved' };
      const posted = row.kept.post({ type, payload, source, fence: null }, dedupeKey, at);
      if (posted === undefined) return { outcome: 'duplicate' };
      this.wake(row, at);
      this.notify([instanceId]);
      return { outcome: 'posted', id: this.eventId(instanceId, posted.id) };
    });
  }

  private wake(row: Row, at: Millis): void {
    row.wake++;
    if (row.lease === null) row.wakeAt = Math.min(row.wakeAt ?? Infinity, at);
  }

  private notify(ids: string[] | '*'): void {
    if (ids.length > 0) for (const listener of this.listeners) listener(ids);
  }

  claim(worker: number, now: Millis, limit: number): Claimed[] {
    if (this.workers.find(({ id }) => id === worker)?.stopped !== false) return [];
    const due = [...this.rows.values()].filter(
      ({ lease, wakeAt }) => lease === null && wakeAt !== null && wakeAt <= now,
    );
    return due.slice(0, limit).map((row) => {
      row.lease = worker;
      return this.read(row);
    });
  }

  read(row: Row): Claimed {
    return { ...row.kept.read(), wake: row.wake };
  }

  owned(worker: number): Row[] {
    return [...this.rows.values()].filter(({ lease }) => lease === worker);
  }

  nextWake(): Millis | null {
    const times = [...this.rows.values()].flatMap(({ lease, wakeAt }) =>
      lease === null && wakeAt !== null ? [wakeAt] : [],
    );
    return times.length === 0 ? null : Math.min(...times);
  }

  bury(now: Millis, timeout: number, asking: number): { workers: number[]; freed: string[] } {
    const silentSince = (beatAt: Millis): Millis => this.now() - Math.max(beatAt, this.startedAt);
    const dead = this.workers.filter(
      ({ id, stopped, locked, beatAt }) =>
        !stopped && id !== asking && (silentSince(beatAt) > timeout || (!locked && silentSince(0) > GRACE)),
    );
    for (const worker of dead) worker.stopped = true;
    const freed = [...this.rows.values()].filter(
      ({ lease }) => lease !== null && this.workers.find(({ id }) => id === lease)?.stopped !== false,
    );
    for (const row of freed) {
      row.lease = null;
      row.wakeAt = now;
    }
    if (freed.length > 0) this.notify('*');
    return { workers: dead.map(({ id }) => id), freed: freed.map(({ kept }) => kept.id) };
  }

  /** What a transactional step has written, and its result, or nothing. */
  settle(fence: Parameters<Store['transactional']>[0], output: unknown, effects: readonly string[]): void {
    const row = this.rows.get(fence.instanceId);
    const step = row?.kept.steps.get(fence.key);
    if (row?.lease !== fence.worker || step?.attempt !== fence.attempt || step.status !== 'running')
      throw new DurachartError('FENCED', `This attempt of ${fence.key} no longer counts.`);
    Object.assign(step, {
      status: 'done',
      output: JSON.parse(JSON.stringify(output)) as unknown,
      finishedAt: fence.at(),
    });
    this.effects.push(...effects);
  }
}
