import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { migrations, videoProcessing } from '../../../machines/video-processing/index.ts';
import { parseConfig, useConfig, type Config } from '../../../machines/video-processing/config.ts';
import type { Context } from '../../../machines/video-processing/context-schema.ts';
import type { JobEvent, JobInput } from '../../../machines/video-processing/input.ts';
import { createLocalArtifacts } from '../../../src/artifacts/local.ts';
import type { ArtifactStore, StepTransaction } from '../../../src/index.ts';
import { decoded } from '../../../src/core/undefined.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { createDatabase } from '../../support/database.ts';

/** The repository's folder with the sample video. */
export const SAMPLES = fileURLToPath(new URL('../../../samples/', import.meta.url));

/** Settings as they are without any environment, below the samples. */
export function settings(changes: Partial<Config> = {}): Config {
  return { ...parseConfig({ VIDEO_ROOT: SAMPLES }), ...changes };
}

/** A folder for one test, with an artifact store. */
export async function createFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'durachart-video-'));
  return {
    folder,
    artifacts: createLocalArtifacts(join(folder, 'artifacts')),
    async [Symbol.asyncDispose]() {
      useConfig(undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A database with the pipeline's own tables. */
export async function createTables() {
  const database = await createDatabase();
  // Twice: what is there stays.
  await migrate(database.url, [migrations]);
  await migrate(database.url, [migrations]);
  const sql = postgres(database.url, { max: 4, onnotice: () => {} });
  return {
    sql,
    async drop() {
      await sql.end();
      await database.drop();
    },
  };
}

/** What a step is run with. */
export interface World {
  artifacts: ArtifactStore;
  sql?: postgres.Sql;
  instance?: string;
  signal?: AbortSignal;
  progress?: (fraction: number, message?: string) => void;
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** Runs one attempt of a step as the engine would: schemas, transaction, artifacts. */
export async function runStep<Output = unknown>(name: string, input: unknown, world: World): Promise<Output> {
  const step = videoProcessing.steps.get(name);
  if (step === undefined) throw new Error(`There is no step ${name}.`);
  const run = async (tx: unknown) => {
    const output = await step.run({
      input: step.input === undefined ? decoded(input) : step.input.parse(decoded(input)),
      key: 'test',
      outlet: undefined as never,
      attempt: 1,
      signal: world.signal ?? new AbortController().signal,
      log: quiet,
      progress: world.progress ?? (() => {}),
      heartbeat() {},
      artifacts: world.artifacts,
      publish: async () => ({ id: 1, duplicate: false }),
      instance: { id: world.instance ?? 'job-1', workflow: 'video-processing', tenant: null },
      tx: tx as StepTransaction,
    });
    return (step.output === undefined ? output : step.output.parse(output)) as Output;
  };
  if (!step.transactional) return run(undefined);
  if (world.sql === undefined) throw new Error(`${name} needs a database.`);
  return (await world.sql.begin((tx) => run(tx))) as Output;
}

/** A job that is driven by hand: the machine's own functions, every step run once, errors handed to the machine. */
export class Job {
  private snapshot;
  private pending;
  private readonly world: World;
  /** States in the order in which they were reached. */
  readonly states: string[] = [];

  constructor(input: JobInput, world: World) {
    this.world = world;
    const { snapshot, effects } = videoProcessing.machine.start(videoProcessing.input?.parse(input));
    this.snapshot = snapshot;
    this.pending = effects.flatMap((effect) => (effect.type === 'invoke' ? [effect] : []));
    this.note();
  }

  get state(): string {
    const { value } = this.snapshot;
    return typeof value === 'string' ? value : (Object.keys(value)[0] ?? '');
  }

  get context() {
    return videoProcessing.machine.store(this.snapshot).context as unknown as Context;
  }

  get output(): unknown {
    return this.snapshot.output;
  }

  /** Runs steps until nothing is left to run. */
  async settle(): Promise<this> {
    for (let invoke = this.pending.shift(); invoke !== undefined; invoke = this.pending.shift()) {
      const event = await runStep(invoke.src, invoke.input, this.world).then(
        (output) => ({ type: `xstate.done.actor.${invoke.id}`, output }),
        (error: unknown) => ({
          type: `xstate.error.actor.${invoke.id}`,
          error: { code: (error as { code?: string }).code ?? 'UNKNOWN', message: String(error) },
        }),
      );
      this.next(event);
    }
    return this;
  }

  /** Sends an event, as a person would, and runs what it starts. */
  async send(event: JobEvent): Promise<this> {
    const { type, ...payload } = event;
    videoProcessing.events[type]?.parse(payload);
    this.next(event);
    return this.settle();
  }

  private next(event: { type: string }): void {
    const { snapshot, effects } = videoProcessing.machine.next(this.snapshot, event);
    this.snapshot = videoProcessing.machine.restore(
      JSON.parse(JSON.stringify(videoProcessing.machine.store(snapshot))),
    );
    for (const effect of effects) if (effect.type === 'invoke') this.pending.push(effect);
    this.note();
  }

  private note(): void {
    if (this.states.at(-1) !== this.state) this.states.push(this.state);
  }
}
