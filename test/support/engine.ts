import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { createEngine, type CreateEngineOptions } from '../../src/create-engine.ts';
import type { Engine, HistoryEntry, StepView } from '../../src/engine/api.ts';
import type { Workflow } from '../../src/index.ts';
import { createMigrated, type TestDatabase } from './database.ts';

/** Options of an engine under test; the database is given by the bench. */
type BenchOptions = Partial<Omit<CreateEngineOptions<readonly Workflow[]>, 'workflows' | 'database'>>;

/** A migrated database of a test file, and engines on it. */
export interface Bench {
  /** For a look behind the engine's back. */
  readonly sql: postgres.Sql;
  readonly url: string;
  /** What the engines of the running test told of their own troubles. */
  readonly faults: string[];
  /** An engine that starts, sends and reads; stopped when the test ends. */
  engine<const W extends readonly Workflow[]>(workflows: W, options?: BenchOptions): Engine<W>;
  /** An engine that works, too. */
  worker<const W extends readonly Workflow[]>(workflows: W, options?: BenchOptions): Promise<Engine<W>>;
}

/** Brings up a database for the tests of this file. Polling is too slow to help: whatever moves was notified. */
export function useBench(): Bench {
  let database: TestDatabase;
  let sql: postgres.Sql;
  const faults: string[] = [];
  beforeAll(async () => {
    database = await createMigrated();
    sql = postgres(database.url, { max: 2, onnotice: () => {} });
  });
  afterAll(async () => {
    await sql.end();
    await database.drop();
  });
  const engine: Bench['engine'] = (workflows, options = {}) => {
    faults.length = 0;
    const onFault = (message: string, error: unknown): void => void faults.push(`${message} ${String(error)}`);
    const made = createEngine({
      pollInterval: 20_000,
      onFault,
      ...options,
      database: database.url,
      workflows,
    });
    onTestFinished(async () => made.stop({ grace: 0 }));
    return made;
  };
  return {
    get sql() {
      return sql;
    },
    get url() {
      return database.url;
    },
    faults,
    engine,
    worker: async (workflows, options) => {
      const made = engine(workflows, options);
      await made.work();
      return made;
    },
  };
}

/** Waits until an instance has taken the transition into a state; returns that transition. */
export async function reached(engine: Pick<Engine, 'subscribe'>, id: string, state: string): Promise<HistoryEntry> {
  const signal = AbortSignal.timeout(10_000);
  for await (const change of engine.subscribe({ id, after: '0', signal })) {
    if (change.type === 'transition' && change.entry.to === state) return change.entry;
  }
  throw new Error(`Instance ${id} did not come to ${state}.`);
}

/** Waits until a step of an instance is as wanted. */
export async function stepWhere(
  engine: Pick<Engine, 'subscribe' | 'get'>,
  id: string,
  wanted: (step: StepView) => boolean,
): Promise<StepView> {
  const signal = AbortSignal.timeout(10_000);
  for await (const change of engine.subscribe({ id, after: '0', signal })) {
    if (change.type === 'step' && wanted(change.step)) return change.step;
  }
  throw new Error(`No step of ${id} came to be as wanted; there are ${JSON.stringify((await engine.get(id)).steps)}`);
}

/** Waits until a look gives something; for what nobody tells of. */
export async function eventually<T>(look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  const end = Date.now() + 10_000;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > end) throw new Error(`Not within 10 s: ${look.toString()}`);
    await sleep(5);
  }
}

/** Waits until an instance has a status. */
export async function standing(
  engine: Pick<Engine, 'get'>,
  id: string,
  status: string,
): Promise<Awaited<ReturnType<Engine['get']>>> {
  return eventually(async () => {
    const view = await engine.get(id);
    return view.status === status && view;
  });
}
