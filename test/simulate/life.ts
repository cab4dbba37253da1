import { isDeepStrictEqual } from 'node:util';
import { DurachartError } from '../../src/index.ts';
import type { Engine } from '../../src/engine/api.ts';
import { hasEnded } from '../../src/engine/state.ts';
import { seeded } from '../proof/random.ts';
import { Database } from './database.ts';
import { assembleProcess } from './process.ts';
import { makeProgram, type Program } from './program.ts';
import { Wire, type Fault, type Weather } from './store.ts';
import { ProcessClock, VirtualTime } from './time.ts';

/** Processes that work at a time. */
const PROCESSES = 2;
/** Milliseconds in which faults come. After that it must get to its end. */
const STORM = 6_000;
const CALM = 120_000;
const DEAD_AFTER = 4_000;
/** What is left of a program that was given up has come to rest by then. */
const SETTLED = 20_000;

interface Process {
  engine: Engine & { kill(): Promise<void> };
  wire: Wire;
}

/** What a life went through. */
export type Seen = (what: string) => void;

/**
 * A small program on an engine whose processes die, stand still and lose what they ask and hear, on a database in memory.
 * The engine's own code runs, all of it; time, network and database are pretended, and hang on the seed alone.
 */
export class Life {
  private readonly time = new VirtualTime();
  private readonly random: () => number;
  private readonly saw: Seen;
  private readonly database: Database;
  private readonly program: Program;
  private readonly processes: Process[] = [];
  private readonly begun = new Map<string, number>();
  private readonly ids: string[];
  private awayUntil = 0;
  private interruptions = 0;
  private broken: unknown;
  private told = 0;
  private readonly end: number;

  constructor(seed: number, saw: Seen) {
    this.random = seeded(seed);
    this.saw = saw;
    this.database = new Database(() => this.time.now);
    this.database.startedAt = this.time.now - 60_000;
    this.end = this.time.now + STORM;
    this.program = makeProgram(this.random, {
      begun: ({ key, attempt }) => {
        const name = `${key} ${attempt}`;
        this.begun.set(name, (this.begun.get(name) ?? 0) + 1);
      },
      sleep: async (milliseconds) => this.time.sleep(milliseconds),
    });
    this.ids = Array.from({ length: 1 + Math.floor(this.random() * 2) }, (_, index) => `p${index}`);
  }

  /** @throws Error saying what is not as it must be */
  async run(): Promise<void> {
    for (let index = 0; index < PROCESSES; index++) this.start(index);
    this.troubles();
    const calls: Promise<void>[] = this.ids.map((id) => this.visit(id));
    let visited = 0;
    for (const call of calls) {
      call.then(
        () => visited++,
        (error: unknown) => (this.broken = error),
      );
    }
    const isOver = (): boolean =>
      this.broken !== undefined ||
      (this.gaveUp && this.time.now > this.end + SETTLED) ||
      (visited === calls.length && this.time.now > this.end && [...this.database.rows.values()].every(isAtRest));
    const ended = await this.time.run(isOver, this.end + CALM);
    for (const { engine, wire } of this.processes) {
      wire.die();
      void engine.kill();
    }
    if (this.broken !== undefined) throw this.broken;
    if (!ended) throw new Error(`It does not come to its end: ${this.words()}`);
    this.prove();
  }

  /** Under one of its steps five workers have died, or five transactions were lost, so that the engine takes it for the cause. It fails, as it must. */
  private get gaveUp(): boolean {
    const codes = ['WORKER_LOST', 'DATABASE_UNAVAILABLE', 'FENCED'];
    return [...this.database.rows.values()].some(({ kept }) => codes.includes(kept.instance.error?.code ?? ''));
  }

  private get isStormy(): boolean {
    return this.time.now < this.end;
  }

  private start(index: number): void {
    const clock = new ProcessClock(this.time);
    const wire = new Wire({
      database: this.database,
      clock,
      weather: this.weather(),
      onDeath: () => this.kill(index),
    });
    const engine = assembleProcess({
      wire,
      workflow: this.program.workflow,
      recordOf: (id) => this.recordOf(id),
      random: this.random,
      deadAfter: DEAD_AFTER,
      broken: (error) => (this.broken = error),
    });
    this.processes[index] = { engine, wire };
    void this.work(engine, clock);
  }

  private async work(engine: Engine, clock: ProcessClock): Promise<void> {
    while (!clock.dead) {
      try {
        return await engine.work();
      } catch {
        await this.time.sleep(50);
      }
    }
  }

  /** Ends a process at once; another one follows. */
  private kill(index: number): void {
    const { engine, wire } = this.processes[index] as Process;
    if (wire.clock.dead) return;
    this.saw('processes killed');
    this.interruptions++;
    wire.die();
    void engine.kill();
    void this.time.sleep(50 + this.random() * 500).then(() => this.start(index));
  }

  private weather(): Weather {
    return {
      fault: () => this.fault(),
      latency: () => {
        const what = this.random();
        return this.isStormy && what < 0.02 ? what * 50_000 : 0.1 + what * 3;
      },
      isAway: () => this.time.now < this.awayUntil,
      isDeaf: () => this.isStormy && this.random() < 0.1,
    };
  }

  private fault(): Fault {
    if (!this.isStormy) return undefined;
    const what = this.random();
    if (what < 0.03) return this.noted('questions lost', 'before');
    if (what < 0.06) return this.noted('answers lost', 'after');
    if (what < 0.065) return 'crash before';
    if (what < 0.07) return this.noted('killed with the answer on its way', 'crash after');
    return undefined;
  }

  private noted(what: string, fault: Fault): Fault {
    this.saw(what);
    return fault;
  }

  /** What comes from time to time, as long as the storm lasts. */
  private troubles(): void {
    this.time.after(this.random() * 1_200, () => {
      if (!this.isStormy) {
        for (const { wire } of this.processes) wire.clock.offset = 0;
        return;
      }
      const { wire } = this.processes[Math.floor(this.random() * PROCESSES)] as Process;
      const what = this.random();
      if (what < 0.2) this.kill(Math.floor(this.random() * PROCESSES));
      else if (what < 0.4) {
        this.saw('processes that stood still');
        this.interruptions++;
        wire.clock.stillUntil = this.time.now + this.random() * 7_000;
        // A suspended machine's connections break sooner or later.
        if (this.random() < 0.7) wire.loseSession();
      } else if (what < 0.6) {
        this.saw('sessions lost');
        this.interruptions++;
        wire.loseSession();
      } else if (what < 0.8) {
        // Nobody is taken for dead for it.
        this.saw('clocks that jumped');
        wire.clock.offset = (this.random() - 0.5) * (this.random() < 0.3 ? 60_000 : 2_000);
      } else {
        this.saw('databases that went away');
        this.interruptions++;
        this.awayUntil = this.time.now + this.random() * 2_000;
        this.database.startedAt = this.awayUntil;
        for (const { wire: each } of this.processes) each.loseSession();
      }
      this.troubles();
    });
  }

  /** Somebody who starts an instance and sends it all that it wants, again and again until told that it is stored. */
  private async visit(id: string): Promise<void> {
    const { program } = this;
    await this.call(id, (engine) => engine.start('program', {}, { id }));
    const sends = [
      ...Array.from({ length: program.hears }, (_, index) => ({ type: 'HEAR', key: `hear ${index}` })),
      ...program.waits.map((type) => ({ type, key: type })),
    ];
    await Promise.all(
      sends.map(async ({ type, key }) => {
        await this.time.sleep(this.random() * 2_000);
        const taken = await this.tell(id, type, key);
        // Somebody who did not hear the answer sends it once more.
        if (this.random() < 0.3) await this.call(id, (engine) => engine.send(id, { type }, { key: taken }));
      }),
    );
  }

  /** Sends until it is taken: what came too early is ignored, and sent anew. Returns the key under which it was taken. */
  private async tell(id: string, type: string, key: string): Promise<string> {
    for (let again = 0; ;) {
      const named = again === 0 ? key : `${key}, ${again}`;
      const sent = await this.call(id, async (engine) => engine.send(id, { type }, { key: named, wait: 20_000 }));
      if (sent.outcome === 'taken') return named;
      if (sent.outcome === 'ignored') again++;
    }
  }

  private async call<T>(id: string, ask: (engine: Engine) => Promise<T>): Promise<T> {
    for (;;) {
      const { engine, wire } = this.processes[Math.floor(this.random() * PROCESSES)] as Process;
      const dead = new Promise<'dead'>((resolve) => {
        const look = (): void => (wire.clock.dead ? resolve('dead') : void this.time.after(100, look));
        look();
      });
      try {
        const told = await Promise.race([ask(engine).then((answer) => ({ answer })), dead]);
        if (told !== 'dead') {
          this.told++;
          return told.answer;
        }
      } catch (error) {
        if (!(error instanceof DurachartError)) throw error;
        if (
          !['DATABASE_UNAVAILABLE', 'EVENT_NOT_ACCEPTED', 'INSTANCE_NOT_FOUND', 'ENGINE_STOPPED'].includes(error.code)
        )
          throw new Error(`${id}: ${error.code} ${error.message}`, { cause: error });
      }
      await this.time.sleep(100);
    }
  }

  private recordOf(id: string): unknown {
    const row = this.database.rows.get(id);
    if (row === undefined) return undefined;
    const { instance, create } = row.kept;
    return JSON.parse(JSON.stringify({ ...create, ...instance, id, workflow: row.workflow, steps: [] })) as unknown;
  }

  private prove(): void {
    const { database, program } = this;
    const effects = new Map<string, number>();
    for (const key of database.effects) effects.set(key, (effects.get(key) ?? 0) + 1);
    for (const [key, count] of effects) must(count === 1, `${key} took effect ${count} times`);
    if (this.gaveUp) return this.saw('given up after five deaths under one step');
    must(
      database.effects.length === program.exact * this.ids.length,
      `${database.effects.length} effects instead of ${program.exact * this.ids.length}`,
    );
    for (const [name, times] of this.begun)
      must(
        times <= 1 + this.interruptions,
        `${name} was begun ${times} times under ${this.interruptions} interruptions`,
      );
    for (const id of this.ids) {
      const row = database.rows.get(id);
      must(
        isDeepStrictEqual(row?.kept.instance.output, program.counters),
        `${id} has counted ${JSON.stringify(row?.kept.instance.output)} instead of ${JSON.stringify(program.counters)}`,
      );
    }
    const expected = this.ids.length * (1 + program.counters.children);
    must(database.rows.size === expected, `there are ${database.rows.size} instances instead of ${expected}`);
    for (const { kept } of database.rows.values()) {
      const { instance, transitions, timers, steps } = kept;
      must(instance.status === 'done', `${kept.id} is ${instance.status}`);
      must(
        instance.sequence === transitions.length && transitions.every(({ sequence }, index) => sequence === index + 1),
        `the history of ${kept.id} has gaps`,
      );
      const results = transitions.flatMap(({ stepKey }) => stepKey ?? []);
      must(new Set(results).size === results.length, `${kept.id} has applied a result twice`);
      must(timers.size === 0 && kept.inbox().length === 0, `${kept.id} has something left over`);
      for (const { key, status } of steps.values()) must(status === 'done', `${kept.id}:${key} is ${status}`);
    }
    this.saw('lives');
    for (const [what, times] of Object.entries(program.counters)) {
      for (let time = 0; time < times * this.ids.length; time++) this.saw(`counted: ${what}`);
    }
  }

  /** How it stands, for people. */
  words(): string {
    return [...this.database.rows.values()]
      .map(({ kept, lease, wakeAt }) => {
        const { status, state, sequence, live, error } = kept.instance;
        return `${kept.id} ${status} ${error?.code ?? ''} in ${state} at ${sequence}, live ${live.join()}, lease ${lease}, due ${wakeAt}, inbox ${kept.inbox().length}`;
      })
      .join('; ');
  }
}

function isAtRest({
  kept,
  lease,
  wakeAt,
}: {
  kept: { instance: { status: string } };
  lease: number | null;
  wakeAt: number | null;
}): boolean {
  return hasEnded(kept.instance.status as never) && lease === null && wakeAt === null;
}

function must(isSo: boolean, words: string): void {
  if (!isSo) throw new Error(words);
}
