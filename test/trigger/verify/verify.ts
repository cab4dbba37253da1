import { runs } from '@trigger.dev/sdk';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrations, workflows } from '../../../machines/index.ts';
import { createEngine } from '../../../src/create-engine.ts';
import { runsOf } from '../../../src/executors/trigger/platform.ts';
import { createLocalArtifacts, ENGINE_MIGRATIONS, migrate, type Engine, type Workflow } from '../../../src/index.ts';
import { createTriggerClient } from '../../../src/trigger.ts';
import { checks, historyOf, type Bench } from './checks.ts';
import { verifyWorkflows } from './workflows.ts';

/** One line of the table. */
export interface Verified {
  name: string;
  ok: boolean;
  seconds: number;
  /** From the first transition to the last, by steps that ran. */
  perStep: number | null;
  why: string;
}

export interface VerifyOptions {
  /** The database of the tasks on the platform. */
  database: string;
  /** Another one, in which the same machines run on the local executor: on the first one its worker would take the platform's instances. */
  localDatabase: string;
  patience: number;
  kills: boolean;
  onLine?: (line: Verified) => void;
}

/** Runs every check against the platform that the SDK is set up for. */
export async function verify(options: VerifyOptions): Promise<Verified[]> {
  const all: readonly Workflow[] = [...workflows, ...verifyWorkflows];
  for (const url of [options.database, options.localDatabase]) await migrate(url, [ENGINE_MIGRATIONS, ...migrations]);
  const artifacts = createLocalArtifacts(await mkdtemp(join(tmpdir(), 'durachart-verify-')));
  const local = createEngine({ database: options.localDatabase, workflows: all, artifacts });
  await local.work();
  const client = createTriggerClient({ database: options.database, workflows: all, artifacts });
  const bench: Bench = {
    client,
    patience: options.patience,
    runs: runsOf,
    cancelRun: async (id) => void (await runs.cancel(id)),
    local: async (workflow, input) => {
      const { id } = await local.start(workflow, input);
      await local.result(id, { timeout: options.patience });
      return historyOf(local as unknown as Engine, id);
    },
  };
  const table: Verified[] = [];
  for (const { name, run, kills } of checks) {
    if (kills === true && !options.kills) continue;
    const began = Date.now();
    const line: Verified = { name, ok: true, seconds: 0, perStep: null, why: '' };
    try {
      line.perStep = await secondsPerStep(client.engine as unknown as Engine, await run(bench));
    } catch (error) {
      Object.assign(line, { ok: false, why: String((error as Error).message) });
    }
    line.seconds = (Date.now() - began) / 1_000;
    table.push(line);
    options.onLine?.(line);
  }
  await local.stop();
  await client.stop();
  return table;
}

async function secondsPerStep(engine: Engine, id: string): Promise<number | null> {
  const { items } = await engine.history(id, { limit: 500 });
  const steps = (await engine.steps(id)).filter(({ status }) => status === 'done').length;
  const [first, last] = [items[0], items.at(-1)];
  return steps === 0 || first === undefined || last === undefined
    ? null
    : (Number(last.at) - Number(first.at)) / 1_000 / steps;
}
