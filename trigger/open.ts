import { resolve } from 'node:path';
import { workflows } from '../machines/index.ts';
import { createLocalArtifacts } from '../src/artifacts/local.ts';
import { readConfig } from '../src/config.ts';
import { DurachartError } from '../src/core/error.ts';
import { createTriggerClient, openRuntime, type DurachartClient, type Runtime } from '../src/trigger.ts';

function settings() {
  const config = readConfig(process.env);
  if (config.databaseUrl === undefined) {
    throw new DurachartError(
      'DATABASE_URL_MISSING',
      'The tasks need DATABASE_URL: the database of the server that starts the instances.',
    );
  }
  return {
    database: config.databaseUrl,
    workflows,
    artifacts: createLocalArtifacts(resolve(config.dataDir, 'artifacts')),
  };
}

let runtime: Runtime | undefined;
let client: DurachartClient<typeof workflows> | undefined;

/** What the runs of this process share. */
export const open = (): Runtime => (runtime ??= openRuntime(settings()));

/** Starts instances from inside a task. */
export const openClient = (): DurachartClient<typeof workflows> => (client ??= createTriggerClient(settings()));
