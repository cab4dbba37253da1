#!/usr/bin/env node
import { buildCli, runCli } from './cli/cli.ts';
import { processTerminal } from './cli/terminal.ts';
import { readConfig } from './config.ts';
import { createLog } from './http/log.ts';
import { migrateAll, openDatabaseOf, startServer, untilStopped } from './server.ts';
import { VERSION } from './version.ts';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const program = buildCli(
  {
    serve: async () => {
      const config = readConfig(process.env);
      const server = await startServer(config, createLog(config.logLevel), VERSION);
      say(`durachart ${VERSION} listens on ${server.api.url}: open it in a browser`);
      if (server.embedded !== undefined) say(`database: ${server.embedded.psql}`);
      await untilStopped();
      say('stopping: running steps get 10 seconds');
      await server.stop();
    },
    migrate: async () => {
      const { url, embedded } = await openDatabaseOf(readConfig(process.env), say);
      try {
        const notices = await migrateAll(url);
        return ['The database is up to date.', ...notices].join('\n');
      } finally {
        await embedded?.stop();
      }
    },
    databaseUrl: async () => {
      // A server of the same data folder is joined; one that is started only for a query ends with this process.
      return (await openDatabaseOf(readConfig(process.env), say)).url;
    },
  },
  processTerminal(),
  VERSION,
);

process.exitCode = await runCli(program, process.argv.slice(2));
