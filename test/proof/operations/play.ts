import type { Workflow } from '../../../src/core/workflow.ts';
import { StepError } from '../../../src/core/error.ts';
import { DurachartError } from '../../../src/core/error.ts';
import { CANCEL, RETRY } from '../../../src/engine/keys.ts';
import { report } from '../../../src/engine/macrostep.ts';
import { forked, forkRecord } from '../../../src/engine/operations/fork.ts';
import { canSkip } from '../../../src/engine/operations/legal.ts';
import { Operator } from '../../../src/engine/operations/operator.ts';
import type { OperationRequest, OperationStore } from '../../../src/engine/operations/records.ts';
import type { NewInstance } from '../../../src/engine/ports.ts';
import { hasEnded } from '../../../src/engine/state.ts';
import type { InstanceRecord } from '../../../src/engine/reader.ts';
import { EVENTS } from '../../core/generated/spec.ts';
import { pick } from '../../core/generated/build.ts';
import { seeded } from '../random.ts';
import { Kept } from './kept.ts';
import { Mover } from './mover.ts';
import { WitnessOf } from './witness.ts';

/** A number up to a bound. */
type Choose = (bound: number) => number;

/** One instance's life, as numbers choose it: what comes in, who operates on it, when its process dies. */
export class Play {
  private readonly workflow: Workflow;
  private readonly saw: (what: string) => void;
  private kept!: Kept;
  private mover!: Mover;
  private witness!: WitnessOf;
  private operator!: Operator;
  /** Children that have come to their end, by themselves or because they were told. */
  private ended = new Set<string>();
  private failedChildren = new Set<string>();
  private asked = 0;
  private forks = 0;
  /** What happened, for people to read when it goes wrong. */
  readonly happened: string[] = [];

  constructor(workflow: Workflow, saw: (what: string) => void) {
    this.workflow = workflow;
    this.saw = saw;
    this.take(new Kept('i'), new WitnessOf(saw));
  }

  async run(choices: readonly number[]): Promise<void> {
    const first = seeded(choices[0] ?? 0)();
    const startAt = first < 0.1 ? this.mover.now + 50 : null;
    if (!this.mover.start({ ...this.create(), startAt })) return;
    this.store(false);
    for (const choice of choices) {
      const random = seeded(choice);
      const choose: Choose = (bound) => Math.floor(random() * bound);
      this.mover.now += choose(20);
      this.mover.hasRoom = choose(2) === 0;
      await this.something(choose);
      if (choose(4) > 0) this.mover.drain();
      if (choose(3) > 0) this.store(choose(6) === 0);
    }
    this.store(false);
    this.mover.drain();
    this.store(false);
    if (hasEnded(this.kept.instance.status) && this.kept.inbox().length > 0)
      throw new Error('What has ended keeps events for nobody.');
    this.saw(`ends as ${this.kept.instance.status}`);
  }

  private take(kept: Kept, witness: WitnessOf): void {
    this.kept = kept;
    this.witness = witness;
    this.mover = new Mover(this.workflow, kept, (...decision) => witness.decided(...decision));
    this.operator = new Operator({
      operations: operationsOf(kept),
      scheduler: undefined as never,
      changes: undefined as never,
      clock: { now: () => this.mover.now, after: () => () => {} },
      record: async () => recordOf(kept, this.workflow),
      workflows: new Map([[this.workflow.name, this.workflow]]),
      workflowOf: () => this.workflow,
      announce: async () => {},
      reconcile: async () => {},
    });
  }

  private async something(choose: Choose): Promise<void> {
    const what = choose(100);
    if (what < 17) return this.event(choose);
    if (what < 45) return this.order(choose);
    if (what < 65) return this.step(choose);
    if (what < 75) return this.child(choose);
    if (what < 85) return this.timer();
    if (what < 89) return this.fork(choose);
    if (what < 95) return this.die();
    return this.unasked(choose);
  }

  private event(choose: Choose): void {
    const type = pick(EVENTS, choose(5));
    this.happened.push(`event ${type}`);
    this.kept.post({ type, payload: null, source: 'external', fence: null });
  }

  private async order(choose: Choose): Promise<void> {
    const { instance, steps } = this.kept;
    const rows = instance.live.flatMap((key) => steps.get(key) ?? []).filter(canSkip);
    const to = 1 + choose(Math.max(1, instance.sequence));
    const requests: OperationRequest[] = [
      { operation: 'pause' },
      { operation: 'resume' },
      { operation: 'rewind', to },
      { operation: 'rewind', to: Math.max(1, instance.sequence - choose(3)) },
      { operation: 'edit', patch: [{ op: 'replace', path: '/n', value: choose(9) }] },
    ];
    if (choose(3) === 0) requests.push({ operation: 'cancel', force: choose(2) === 0 });
    // Often enough what fits.
    for (let more = 0; more < 3; more++) {
      if (instance.status === 'failed') requests.push({ operation: 'retry' });
      if (instance.status === 'paused') requests.push({ operation: 'unpause' });
    }
    for (const { key } of rows) requests.push({ operation: 'skip', step: key, output: { by: 'hand' } });
    const request = pick(requests, choose(requests.length));
    const key = choose(2) === 0 ? `k${++this.asked}` : undefined;
    this.happened.push(`ask ${JSON.stringify(request)}`);
    try {
      const first = await this.operator.operate('i', request, { key });
      // Somebody who did not hear the answer asks again.
      if (key !== undefined && choose(3) === 0) {
        const again = await this.operator.operate('i', request, { key });
        if (again.id !== first.id) throw new Error('Asked for twice with one key, it is two operations.');
      }
    } catch (error) {
      if (!(error instanceof DurachartError)) throw error;
      this.saw(`not taken: ${error.code}`);
    }
  }

  /** An order that nobody has looked at: what was legal when it was asked for need not be so any more. */
  private unasked(choose: Choose): void {
    const operation = pick(['retry', 'pause', 'unpause', 'cancel'], choose(4));
    this.happened.push(`order ${operation}`);
    const by = { by: 'x', why: null, key: null, at: this.mover.now, arguments: null };
    this.kept.request({ ...by, instanceId: 'i', operation, payload: { operation } });
  }

  private step(choose: Choose): void {
    const { mover } = this;
    const rows = mover.startable();
    const running = [...mover.attempts];
    if (running.length > 0 && (rows.length === 0 || choose(3) > 0)) {
      const key = pick(running, choose(running.length));
      const how = choose(10);
      this.happened.push(`${key} ${how < 6 ? 'is done' : 'fails'}`);
      if (how < 6) mover.conclude(key, { type: 'done', output: { n: how } });
      else mover.conclude(key, { type: 'failed', error: new StepError(how < 9 ? 'INVALID_INPUT' : 'TIMEOUT', 'no') });
    } else if (rows.length > 0) {
      const row = pick(rows, choose(rows.length));
      this.happened.push(`${row.key} begins`);
      mover.begun(row);
    }
  }

  /** A child says how it ended; one that has been stopped may say so late. */
  private child(choose: Choose): void {
    const { kept } = this;
    for (const { to, type } of kept.sent) {
      if (type === RETRY) this.failedChildren.delete(to);
      if (type === CANCEL && kept.children.has(to) && choose(2) === 0) this.ended.add(to);
    }
    const alive = [...kept.children].filter(([id]) => !this.ended.has(id) && !this.failedChildren.has(id));
    const [id, create] = alive.length === 0 ? [] : pick(alive, choose(alive.length));
    if (id === undefined || create?.parent == null) return;
    const isDone = choose(3) > 0;
    (isDone ? this.ended : this.failedChildren).add(id);
    this.happened.push(`child ${id} ${isDone ? 'is done' : 'fails'}`);
    const error = { code: 'INVALID_INPUT', class: 'final' as const, name: 'Error', message: 'no' };
    const { type, payload, source, fence } = report(create.parent, isDone ? { output: { c: 1 } } : { error });
    kept.post({ type, payload, source, fence });
  }

  private timer(): void {
    const { mover } = this;
    const due = Math.min(
      ...[...mover.state.timers.values()].map(({ dueAt }) => dueAt),
      mover.state.startAt ?? Infinity,
    );
    if (due === Infinity) return;
    mover.now = Math.max(mover.now, due);
    this.happened.push('the time passes');
    mover.fire();
  }

  /** Goes on with a fork of it. */
  private async fork(choose: Choose): Promise<void> {
    this.store(false);
    const { sequence } = this.kept.instance;
    if (sequence === 0) return;
    const from = { id: 'i', sequence: 1 + choose(sequence) };
    const patch = choose(2) === 0 ? undefined : [{ op: 'replace' as const, path: '/n', value: choose(9) }];
    this.happened.push(`fork from ${from.sequence}`);
    try {
      const create = this.create();
      const moment = await this.operator.moment('i', from.sequence);
      const decision = forked(`f${++this.forks}`, this.workflow, create, { moment, from, patch }, this.mover.now);
      decision.change.audits.push(forkRecord(decision.state, { by: 'x', why: null, key: 'fork' }, from));
      const { now } = this.mover;
      const { witness } = this;
      this.ended = new Set();
      this.failedChildren = new Set();
      this.take(new Kept(decision.state.id), new WitnessOf(this.saw));
      this.mover.now = now;
      this.witness.decided({ ...decision.state, sequence: 0, status: 'scheduled' }, { type: 'start' }, decision, now);
      if (patch === undefined) this.witness.forked(witness, from.sequence, decision.state);
      this.mover.begin(create, decision);
      this.store(false);
      this.saw('forks');
    } catch (error) {
      if (!(error instanceof DurachartError)) throw error;
      this.saw(`not forked: ${error.code}`);
    }
  }

  private die(): void {
    this.happened.push(`crash${this.mover.pending === undefined ? '' : ', and a commit is lost'}`);
    this.saw(this.mover.pending === undefined ? 'crashes' : 'crashes before a commit');
    this.witness.lost(this.kept);
    this.mover.takeOver();
  }

  /** @param twice the answer gets lost, and the same is written again */
  private store(twice: boolean): void {
    const before = this.kept.instance?.sequence;
    const stored = this.mover.store();
    if (stored === undefined) return;
    this.witness.stored(this.mover, this.ended);
    if (!twice) return;
    const again = this.kept.clone();
    const holds = again.commit(this.kept.owner, stored.commit, stored.children);
    if (!again.same(this.kept)) throw new Error('Written twice, it is not the same.');
    if (holds === this.kept.instance.sequence > (before ?? -1)) throw new Error('The fence does not hold.');
    this.saw('commits written twice');
  }

  private create(): NewInstance {
    const place = { tenant: null, tags: [], priority: 5, key: null, parent: null, leased: true };
    const { name: workflow, version } = this.workflow;
    const at = { wakeAt: null, startAt: null, createdAt: this.mover.now };
    return { workflow, version, ...place, input: {}, ...at };
  }
}

function operationsOf(kept: Kept): OperationStore {
  const found = (id: number) => kept.audit.find((row) => row.id === id);
  return {
    request: async (operation: Parameters<OperationStore['request']>[0]) => kept.request(operation),
    find: async (id: number) => found(id),
    findByKey: async (_target: string, _id: string, key: string) => kept.audit.find((row) => row.key === key),
    past: async (_id: string, sequence: number) => kept.past(sequence),
    entered: async () => kept.entered(),
  } as unknown as OperationStore;
}

function recordOf(kept: Kept, workflow: Workflow): InstanceRecord {
  const { instance, steps, id } = kept;
  const live = instance.live.flatMap((key) => steps.get(key) ?? []);
  return { ...instance, id, workflow: workflow.name, steps: live } as unknown as InstanceRecord;
}
