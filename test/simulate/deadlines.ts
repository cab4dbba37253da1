import { setup } from 'xstate';
import { defineStep, defineWorkflow, DurachartError, type Workflow } from '../../src/index.ts';
import type { Engine } from '../../src/engine/api.ts';
import type { Millis } from '../../src/engine/ports.ts';
import { seeded } from '../proof/random.ts';
import { Database } from './database.ts';
import type { Seen } from './life.ts';
import { assembleProcess } from './process.ts';
import { Wire } from './store.ts';
import { ProcessClock, VirtualTime } from './time.ts';

const WORKERS = 2;
const INSTANCES = 6;
/** Milliseconds that a message takes at most; a question and its answer take two. */
const LATENCY = 25;
/** An event whose notification has arrived is in the history by then: claim, reading, decision and commit, each once over. */
const SOON = 12 * LATENCY;
/** The look of each second finds it, where its notification was lost. */
const BEAT = 1_000;
const END = 10_000;
/** Due times are by milliseconds, the simulated ones are not. */
const ROUNDING = 1;

interface Visit {
  deadline: Millis;
  /** When the event was sent, and when its sender was told that it is stored; never, where it was refused. */
  sent: Millis;
  acknowledged: Millis;
}

/**
 * Some processes start instances and send to them, others work, and nobody dies: but notifications come late, before and after
 * the answers that they cross, and some are lost. What was acknowledged before a deadline must be taken before it, what
 * was sent after it must not be, and nothing may wait for the look of each second whose notification has arrived.
 */
export class Deadlines {
  private readonly time = new VirtualTime();
  private readonly random: () => number;
  private readonly saw: Seen;
  private readonly database = new Database(() => this.time.now);
  private readonly visits = new Map<string, Visit>();
  private readonly unheard = new Set<string>();
  private readonly workflow: Workflow;
  private broken: unknown;

  constructor(seed: number, saw: Seen) {
    this.random = seeded(seed);
    this.saw = saw;
    this.database.startedAt = this.time.now - 60_000;
    this.workflow = this.asks(5 + Math.floor(this.random() * 1_500), this.random() < 0.5);
  }

  /** @throws Error saying what is not as it must be */
  async run(): Promise<void> {
    const end = this.time.now + END;
    const loss = this.random() < 0.5 ? 0 : this.random() * 0.5;
    const workers = Array.from({ length: WORKERS }, () => this.process(loss));
    const visitor = this.process(0);
    for (const { engine } of workers) void engine.work();
    let left = INSTANCES;
    for (let index = 0; index < INSTANCES; index++) {
      this.visit(visitor.engine, `d${index}`)
        .catch((error: unknown) => (this.broken ??= error))
        .finally(() => left--);
    }
    const isOver = (): boolean =>
      this.broken !== undefined ||
      (left === 0 && [...this.database.rows.values()].every(({ kept }) => kept.instance.status === 'done'));
    const ended = await this.time.run(isOver, end);
    for (const { engine, wire } of [...workers, visitor]) {
      wire.die();
      void engine.kill();
    }
    if (this.broken !== undefined) throw this.broken;
    must(ended, 'it does not come to its end');
    for (const [id, visit] of this.visits) this.prove(id, visit);
  }

  /** Waits for an answer until a deadline; in hand, where a step runs meanwhile. */
  private asks(deadline: Millis, isBusy: boolean): Workflow {
    const busy = defineStep({ run: async () => this.time.sleep(END) });
    const machine = setup({ actors: { busy } }).createMachine({
      id: 'asks',
      initial: 'w',
      states: {
        w: {
          ...(isBusy ? { invoke: { src: 'busy' as const } } : {}),
          on: { YES: 'yes' },
          after: { [deadline]: 'late' },
        },
        yes: { type: 'final' },
        late: { type: 'final' },
      },
    });
    return defineWorkflow({ machine, name: 'asks' }) as unknown as Workflow;
  }

  private process(loss: number): { engine: Engine & { kill(): Promise<void> }; wire: Wire } {
    const wire = new Wire({
      database: this.database,
      clock: new ProcessClock(this.time),
      weather: {
        fault: () => undefined,
        latency: () => 0.1 + this.random() ** 3 * (LATENCY - 0.1),
        isAway: () => false,
        isDeaf: (ids) => {
          const isLost = this.random() < loss;
          if (isLost) for (const id of ids === '*' ? this.visits.keys() : ids) this.unheard.add(id);
          return isLost;
        },
      },
      onDeath: () => {},
    });
    const broken = (error: unknown): void => void (this.broken ??= error);
    const parts = { wire, workflow: this.workflow, recordOf: () => undefined, random: this.random, broken };
    return { wire, engine: assembleProcess({ ...parts, deadAfter: 10 * END }) };
  }

  private async visit(engine: Engine, id: string): Promise<void> {
    await this.time.sleep(this.random() * 500);
    await engine.start('asks', undefined, { id });
    const [timer] = this.database.rows.get(id)?.kept.transitions[0]?.timers?.armed ?? [];
    const deadline = timer?.dueAt ?? NaN;
    // At once, at any time, or close to the deadline.
    const what = this.random();
    const left = deadline - this.time.now;
    if (what > 0.4)
      await this.time.sleep(what > 0.7 ? left + (this.random() - 0.5) * 60 : this.random() * (left + 300));
    const visit = { deadline, sent: this.time.now, acknowledged: Infinity };
    this.visits.set(id, visit);
    try {
      await engine.send(id, { type: 'YES' });
      visit.acknowledged = this.time.now;
    } catch (error) {
      if (!(error instanceof DurachartError && ['EVENT_NOT_ACCEPTED', 'INSTANCE_ENDED'].includes(error.code)))
        throw error;
    }
  }

  private prove(id: string, { deadline, sent, acknowledged }: Visit): void {
    const { transitions } = this.database.rows.get(id)?.kept ?? { transitions: [] };
    const last = transitions.at(-1);
    const words = `${id}: sent ${sent - deadline} ms after its deadline, acknowledged ${acknowledged - deadline} ms after it, came to ${last?.to} ${(last?.at ?? 0) - deadline} ms after it`;
    if (acknowledged < deadline - ROUNDING) {
      must(last?.to === 'yes', words);
      const by = acknowledged + SOON + (this.unheard.has(id) ? 2 * BEAT : 0);
      must((last?.at ?? Infinity) <= by, `${words}; late`);
      this.saw(this.unheard.has(id) ? 'taken though its notification was lost' : 'taken before the deadline');
    } else if (sent > deadline + ROUNDING) {
      must(last?.to === 'late', words);
      this.saw('too late');
    } else this.saw('at the deadline');
  }
}

function must(isSo: boolean, words: string): void {
  if (!isSo) throw new Error(words);
}
