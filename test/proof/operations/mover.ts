import type { Workflow } from '../../../src/core/workflow.ts';
import type { Pending } from '../../../src/engine/committer.ts';
import { decide, type Input } from '../../../src/engine/decide.ts';
import { isSettled } from '../../../src/engine/inputs.ts';
import { CANCEL } from '../../../src/engine/keys.ts';
import type { Decision } from '../../../src/engine/macrostep.ts';
import { merged } from '../../../src/engine/merge.ts';
import type { Commit, Millis, NewInstance, Outcome, StepRow } from '../../../src/engine/ports.ts';
import {
  emptyChange,
  hasEnded,
  instanceState,
  isHeld,
  restored,
  unborn,
  type Change,
  type State,
} from '../../../src/engine/state.ts';
import { begun, concluded, definitionOf, lostWorker } from '../../../src/engine/step-rows.ts';
import type { Kept } from './kept.ts';

/** What is told of every decision. */
export type Witness = (before: State, input: Input, decision: Decision, now: Millis) => void;

/** Moves one instance as a worker does, without its waiting and its connections. */
export class Mover {
  readonly workflow: Workflow;
  readonly kept: Kept;
  state!: State;
  now: Millis = 1_000_000;
  /** Attempts that run in this process. */
  readonly attempts = new Set<string>();
  /** What waits for the next commit. */
  pending: Pending | undefined;
  /** Whether a new step finds a place at once. */
  hasRoom = true;
  private readonly taken = new Set<number>();
  private readonly witness: Witness;

  constructor(workflow: Workflow, kept: Kept, witness: Witness) {
    this.workflow = workflow;
    this.kept = kept;
    this.witness = witness;
  }

  /** Begins an instance. False: the machine does not start. */
  start(create: NewInstance): boolean {
    const waiting = unborn(this.kept.id, this.workflow, create);
    if (create.startAt !== null) return this.begin(create, { state: waiting, change: emptyChange() });
    const first = decide(waiting, { type: 'start' }, this.now);
    if (first.state.status === 'failed') return false;
    this.witness(waiting, { type: 'start' }, first, this.now);
    return this.begin(create, first);
  }

  /** Begins an instance by a decision that was made for it. */
  begin(create: NewInstance, { state, change }: Decision): true {
    this.state = state;
    this.write(change, 0, create);
    return true;
  }

  /** Stores what is pending. */
  store(): Pending | undefined {
    const { pending } = this;
    if (pending === undefined) return undefined;
    this.pending = undefined;
    const isStored = this.kept.commit(this.kept.owner, pending.commit, pending.children);
    if (!isStored) throw new Error(`The commit at ${pending.commit.expected} is lost, and nobody else is there.`);
    return pending;
  }

  /** The process dies with what it has not stored, and another one takes the instance over. */
  takeOver(): void {
    this.pending = undefined;
    this.attempts.clear();
    this.taken.clear();
    const claimed = this.kept.claim();
    this.state = restored(claimed, this.workflow);
    if (this.state.status === 'scheduled' && !claimed.inbox.some(({ type }) => type === CANCEL))
      this.input({ type: 'start' });
    this.resume();
    this.drain();
  }

  /** Takes what is in the inbox. */
  drain(): void {
    for (const event of this.kept.inbox()) {
      if (this.taken.has(event.id)) continue;
      const kept = this.keepsEvents();
      if (this.input({ type: 'event', event })) this.taken.add(event.id);
      if (!kept || this.keepsEvents()) continue;
      if (this.state.status === 'scheduled') this.input({ type: 'start' });
      this.resume();
      return this.drain();
    }
  }

  private keepsEvents(): boolean {
    const { status, sequence } = this.state;
    return isHeld(status) || (sequence === 0 && !hasEnded(status));
  }

  /** Fires what is due. */
  fire(): void {
    const due = [...this.state.timers.values()].filter(({ dueAt }) => dueAt <= this.now);
    for (const { id } of due.toSorted((a, b) => a.dueAt - b.dueAt || a.sequence - b.sequence))
      this.input({ type: 'timer', id });
    if (this.state.status === 'scheduled') this.input({ type: 'start' });
  }

  /** Rows that an attempt could be made of. */
  startable(): StepRow[] {
    if (this.state.status === 'paused') return [];
    return [...this.state.steps.values()].filter(
      ({ key, kind, status }) =>
        kind !== 'workflow' && (status === 'queued' || status === 'retrying') && !this.attempts.has(key),
    );
  }

  begun({ key }: StepRow): void {
    const row = begun(this.state.steps.get(key) as StepRow, this.kept.owner, this.now);
    this.attempts.add(key);
    this.state = { ...this.state, steps: new Map(this.state.steps).set(key, row) };
    this.write({ ...emptyChange(), steps: [row] }, this.state.sequence);
  }

  /** An attempt comes to its end. */
  conclude(key: string, outcome: Outcome): void {
    this.store();
    this.attempts.delete(key);
    const row = this.state.steps.get(key) as StepRow;
    const definition = definitionOf(this.workflow, row);
    if (definition === undefined) throw new Error(`No step ${row.step}.`);
    this.changed(concluded(row, outcome, { definition, errors: this.workflow.errors, now: this.now, random: 0.5 }));
  }

  private changed(row: StepRow): void {
    this.input(isSettled(row) ? { type: 'settled', row } : { type: 'step', row });
  }

  private resume(): void {
    for (const { key } of this.state.steps.values()) {
      const row = this.state.steps.get(key);
      if (row === undefined) continue;
      if (isSettled(row)) {
        if (!isHeld(this.state.status)) this.input({ type: 'settled', row });
      } else if (row.kind !== 'workflow' && row.status === 'running' && !this.attempts.has(key)) {
        this.changed(lostWorker(row, this.now));
      }
    }
  }

  /** Whether an event was used up. */
  private input(input: Input): boolean {
    const before = this.state;
    const decision = decide(before, input, this.now);
    const { state, change } = decision;
    this.witness(before, input, decision, this.now);
    if (state === before && change.consumed.length === 0 && change.steps.length === 0) return false;
    this.state = state;
    for (const key of this.attempts) {
      const row = state.steps.get(key);
      if (row === undefined || isSettled(row)) this.attempts.delete(key);
    }
    this.write(change, before.sequence);
    return change.consumed.length > 0;
  }

  private write(change: Change, expected: number, create: NewInstance | null = null): void {
    const { children, ...rows } = { ...change, newSteps: this.reserved(change.newSteps) };
    const common = { requires: null, at: this.now, release: null };
    const commit: Commit = {
      ...common,
      ...rows,
      id: this.state.id,
      expected,
      create,
      after: instanceState(this.state),
    };
    const pending: Pending = {
      owner: this,
      commit,
      children: children.map((child): Commit => {
        const after = instanceState(unborn(child.id, this.workflow, child.create));
        return { ...common, ...emptyChange(), id: child.id, expected: 0, create: child.create, after };
      }),
      stored: [],
      lost: [],
      refused: [],
    };
    this.pending = this.pending === undefined ? pending : merged([this.pending, pending]);
  }

  private reserved(rows: readonly StepRow[]): StepRow[] {
    return rows.map((row) => {
      const { kind, status, key } = row;
      if (kind === 'workflow' || status !== 'queued' || !this.hasRoom || this.state.status === 'paused') return row;
      const running = begun(row, this.kept.owner, this.now);
      this.attempts.add(key);
      this.state = { ...this.state, steps: new Map(this.state.steps).set(key, running) };
      return running;
    });
  }
}
