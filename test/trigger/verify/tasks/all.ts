import { resolve } from 'node:path';
import { workflows } from '../../../../machines/index.ts';
import { createLocalArtifacts } from '../../../../src/artifacts/local.ts';
import { readConfig } from '../../../../src/config.ts';
import { defineDriver, defineSteps, defineSweep, openRuntime, type Runtime } from '../../../../src/trigger.ts';
import { verifyWorkflows } from '../workflows.ts';

const all = [...workflows, ...verifyWorkflows];

let runtime: Runtime | undefined;
function open(): Runtime {
  if (runtime !== undefined) return runtime;
  const { databaseUrl, dataDir } = readConfig(process.env);
  if (databaseUrl === undefined) throw new Error('DATABASE_URL is not set.');
  runtime = openRuntime({
    database: databaseUrl,
    workflows: all,
    artifacts: createLocalArtifacts(resolve(dataDir, 'artifacts')),
  });
  return runtime;
}

export const driver = defineDriver(open);
export const steps = defineSteps(open, all);
export const sweep = defineSweep(open);
