import type { Workflow } from '../../src/index.ts';
import { assembleEngine } from '../../src/engine/create.ts';
import type { Engine } from '../../src/engine/api.ts';
import type { InstanceStatus } from '../../src/engine/ports.ts';
import { localExecutor } from '../../src/executors/local.ts';
import { LANES } from '../../src/store/database.ts';
import { isTransient } from '../../src/store/transient.ts';
import { createEventStore } from '../../src/store/events.ts';
import { createScheduleStore } from '../../src/store/schedules.ts';
import { createOperationStore } from '../../src/store/operations.ts';
import { createRetentionStore } from '../../src/store/retention.ts';
import { createStore } from '../../src/store/postgres.ts';
import type { Lane, Session } from './lane.ts';
import { Life } from './life.ts';
import { readOutcome, type Outcome } from './outcome.ts';
import type { Plan } from './plan.ts';

/** Something to run under crashes. */
export interface Scenario {
  name: string;
  /** The first one is started. */
  workflows: readonly [Workflow, ...Workflow[]];
  input?: unknown;
  /** Milliseconds until it begins. */
  delay?: number;
  /** How it ends, or may end. Default: done. */
  ends?: InstanceStatus | readonly InstanceStatus[];
  /** Steps that a slow process, or one that takes over, may not come to before they are left. */
  optional?: readonly string[];
  /** Commits that a process lives for, where each one dies. Default: 2; more where several instances run at once. */
  perLife?: number;
  /** What the outside does to it while it runs. */
  drive?: (world: World) => Promise<void>;
}

/** How a run went. */
export interface Run {
  outcome: Outcome;
  /** How often each step or action was begun, by key. */
  calls: Map<string, number>;
  lives: number;
}

const worlds = new Map<string, World>();
const LONGEST = 15_000;
let count = 0;

/** The run that an instance belongs to. */
export function worldOf(instanceId: string): World {
  const world = worlds.get(instanceId.split('.')[0] as string);
  if (world === undefined) throw new Error(`Nobody runs ${instanceId}.`);
  return world;
}

/** One run of a scenario: processes that follow each other on one database, and an outside that does not crash. */
export class World {
  readonly root = `run${++count}`;
  readonly plan: Plan;
  private readonly calls = new Map<string, number>();
  private readonly lane: Lane;
  private readonly scenario: Scenario;
  private readonly gates = new Map<string, PromiseWithResolvers<void>>();
  private readonly opens = new Set<string>();
  private life!: Life;
  private engine!: Engine;
  private session!: Session;
  private lives = 0;
  private replacing: Promise<void> = Promise.resolve();
  private over = false;
  private broken: unknown;

  constructor(lane: Lane, scenario: Scenario, plan: Plan) {
    this.lane = lane;
    this.scenario = scenario;
    this.plan = plan;
    worlds.set(this.root, this);
  }

  /** For a look behind the engine's back. */
  get sql(): Lane['sql'] {
    return this.lane.sql;
  }

  async run(): Promise<Run> {
    const end = AbortSignal.timeout(LONGEST);
    const late = new Promise<never>((_, reject) =>
      end.addEventListener('abort', () => reject(new Error('It does not come to its end.'))),
    );
    try {
      await Promise.race([this.play(), late]);
      return { outcome: await readOutcome(this.lane.sql, this.root), calls: this.calls, lives: this.lives };
    } catch (error) {
      const left = await readOutcome(this.lane.sql, this.root);
      throw new Error(`${String(this.broken ?? error)}\n${JSON.stringify(left, null, 1)}`, { cause: error });
    } finally {
      this.over = true;
      await this.replacing;
      await this.bury();
      worlds.delete(this.root);
    }
  }

  /** Notes that a step or action begins. */
  begun(key: string): void {
    const relative = key.replaceAll(this.root, 'ROOT');
    this.calls.set(relative, (this.calls.get(relative) ?? 0) + 1);
    this.open(`begun ${relative}`);
  }

  /** Lets through whoever waits at a gate, now and later. */
  open(gate: string): void {
    this.opens.add(gate);
    this.gate(gate).resolve();
  }

  /** Waits at a gate. */
  async opened(gate: string): Promise<void> {
    await this.gate(gate).promise;
  }

  isOpen(gate: string): boolean {
    return this.opens.has(gate);
  }

  /** Waits until an instance's history has come to a state. @param id with ROOT for the root's id */
  async reached(state: string, id = 'ROOT'): Promise<void> {
    await this.until(
      () =>
        this.lane.sql`select 1 from durachart.transitions where instance_id = ${this.real(id)} and to_state = ${state}`,
    );
  }

  /** Waits until an instance has taken an event. */
  async took(event: string, id = 'ROOT'): Promise<void> {
    await this.until(
      () =>
        this.lane.sql`select 1 from durachart.transitions where instance_id = ${this.real(id)} and event = ${event}`,
    );
  }

  /** Waits until an instance has a status. */
  async standing(status: string | readonly string[], id = 'ROOT'): Promise<void> {
    const wanted = [status].flat();
    await this.until(
      () => this.lane.sql`select 1 from durachart.instances where id = ${this.real(id)} and status = any(${wanted})`,
    );
  }

  /** Waits until the result of a step of the root is stored. */
  async stepDone(key: string): Promise<void> {
    await this.stepIs(key, 'done');
  }

  /** Waits until a step of the root has a status. */
  async stepIs(key: string, status: string): Promise<void> {
    await this.until(
      () =>
        this.lane
          .sql`select 1 from durachart.steps where instance_id = ${this.root} and key = ${key} and status = ${status}`,
    );
  }

  /** Waits until the ledger has so many entries like that. */
  async inLedger(like: string, count: number): Promise<void> {
    await this.until(() => this.lane.sql`select 1 from ledger where key like ${like} having count(*) >= ${count}`);
  }

  /** Waits until nothing that was asked for is still to be decided. */
  async decided(): Promise<void> {
    await this.until(
      () => this.lane.sql`
      select 1 where not exists (select from durachart.audit where (target_id = ${this.root} or target_id like ${`${this.root}.%`}) and status = 'requested')`,
    );
  }

  /** Waits until an operation on the root is done or refused. */
  async operated(key: string): Promise<void> {
    await this.until(
      () =>
        this.lane
          .sql`select 1 from durachart.audit where target_id = ${this.root} and key = ${key} and status <> 'requested'`,
    );
  }

  /** Waits until the root has a timer. */
  async armed(): Promise<void> {
    await this.until(() => this.lane.sql`select 1 from durachart.timers where instance_id = ${this.root}`);
  }

  /** Calls the engine as somebody who calls again when there is no answer. */
  async call<T>(ask: (engine: Engine, root: string) => Promise<T>): Promise<T> {
    for (;;) {
      await this.replacing;
      if (this.over) throw new Error('The run is over.');
      const { life } = this;
      const answer = ask(this.engine, this.root).catch((error: unknown) => {
        if ((error as { code?: string }).code === 'DATABASE_UNAVAILABLE') return NOTHING;
        throw error;
      });
      const heard = await Promise.race([answer, life.died.then(() => NOTHING)]);
      if (heard !== NOTHING) return heard as T;
    }
  }

  /** An instance's id, from one with ROOT for the root's. */
  real(id: string): string {
    return id.replaceAll('ROOT', this.root);
  }

  private async play(): Promise<void> {
    const { workflows, input, delay, drive, ends = 'done' } = this.scenario;
    const options = delay === undefined ? {} : { startAt: new Date(Date.now() + delay) };
    this.replace();
    await this.call((engine, id) =>
      engine.start(workflows[0].name, { run: id, ...(input as object) }, { id, ...options }),
    );
    await drive?.(this);
    await this.standing(ends);
    await this.until(
      () => this.lane.sql`
      select 1 where not exists (select from durachart.instances where (id = ${this.root} or id like ${`${this.root}.%`}) and (lease is not null or wake_at is not null))
        and not exists (select from durachart.events e join durachart.instances i on i.id = e.instance_id
          where (i.id = ${this.root} or i.id like ${`${this.root}.%`}) and e.status = 'pending' and i.status <> 'failed')`,
    );
  }

  private replace(): void {
    this.replacing = this.begin().catch((error: unknown) => {
      this.broken = error;
      this.over = true;
    });
  }

  /** Starts processes until one comes up. */
  private async begin(): Promise<void> {
    await this.bury();
    for (;;) {
      if (this.over) return;
      this.lives++;
      const { lane } = this;
      const life = new Life(this.plan, (id) => id.replaceAll(this.root, 'ROOT'));
      this.session = await lane.openSession();
      const engine = assembleEngine({
        workflows: this.scenario.workflows,
        store: life.store(createStore({ ...lane.database, session: this.session.sql })),
        reader: life.reader(lane.reader),
        operations: life.operations(createOperationStore(lane.database)),
        retention: createRetentionStore(lane.database.pool),
        schedules: createScheduleStore(lane.database.pool),
        events: life.events(createEventStore(lane.database.pool)),
        executor: localExecutor,
        artifacts: life.artifacts(lane.artifacts),
        close: async () => {},
        isTransient,
        lanes: LANES,
        pollInterval: 50,
        onFault: () => {},
      });
      this.life = life;
      this.engine = engine;
      const up = await Promise.race([engine.work().then(() => true), life.died.then(() => false)]);
      if (!up) {
        await this.bury();
        continue;
      }
      void life.died.then(() => {
        if (!this.over) this.replace();
      });
      return;
    }
  }

  /** Removes what is left of the last process. */
  private async bury(): Promise<void> {
    if (this.life === undefined) return;
    void this.life.die();
    await (this.engine as unknown as { kill(): Promise<void> }).kill().catch(() => {});
    await this.session.cut();
  }

  private gate(name: string): PromiseWithResolvers<void> {
    let gate = this.gates.get(name);
    if (gate === undefined) this.gates.set(name, (gate = Promise.withResolvers()));
    return gate;
  }

  private async until(look: () => Promise<readonly unknown[]>): Promise<void> {
    while (!this.over) {
      const changed = this.lane.changed(this.root);
      if ((await look()).length > 0) return;
      await changed;
    }
    throw this.broken ?? new Error('The run is over.');
  }
}

const NOTHING = Symbol('nothing');
