#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildCli, runCli } from './cli/cli.ts';
import { CliError, EXIT } from './cli/exit.ts';
import { processTerminal } from './cli/terminal.ts';
import { readConfig } from './config.ts';
import { VERSION } from './version.ts';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

// Engine, API and machines take a second to load, and a command that asks a running server needs none of them.
const server = async () => import('./server.ts');
const database = async () => import('./open-database.ts');

const program = buildCli(
  {
    serve: async () => {
      const config = readConfig(process.env);
      const [{ startServer, untilStopped }, { createLog }, { isInspectorBuilt }] = await Promise.all([
        server(),
        import('./http/log.ts'),
        import('./http/inspector.ts'),
      ]);
      const running = await startServer(config, createLog(config.logLevel), VERSION);
      say(
        `durachart ${VERSION} listens on ${running.api.url}${isInspectorBuilt() ? ': open it in a browser' : '; its page is not built (npm run build:inspector)'}`,
      );
      if (running.embedded !== undefined) say(`database: ${running.embedded.psql}`);
      await untilStopped();
      say('stopping: running steps get 10 seconds');
      await running.stop();
    },
    migrate: async () => {
      const [{ migrateAll }, { openDatabaseOf }] = await Promise.all([server(), database()]);
      const { url, embedded } = await openDatabaseOf(readConfig(process.env), say);
      try {
        const notices = await migrateAll(url);
        return ['The database is up to date.', ...notices].join('\n');
      } finally {
        await embedded?.stop();
      }
    },
    openQuery: async (seconds) => {
      const [{ openDatabaseOf }, { openQuerySession }] = await Promise.all([
        database(),
        import('./store/query-session.ts'),
      ]);
      const config = readConfig(process.env);
      const folder = join(config.dataDir, 'postgres');
      // To ask a question must not make a database in which there is no answer.
      if (config.databaseUrl === undefined && !existsSync(folder))
        throw new CliError(
          EXIT.unreachable,
          `There is no database to ask: DATABASE_URL is not set, and there is no embedded one in ${folder}. Set DATABASE_URL, or DURACHART_DATA_DIR to the folder of the server.`,
          { code: 'DATABASE_URL_MISSING' },
        );
      // A server of the same data folder is joined; one that is started only for a query ends with it.
      const { url, embedded } = await openDatabaseOf(config, say);
      try {
        const session = await openQuerySession(url, seconds);
        const close = async (): Promise<void> => {
          try {
            await session.close();
          } finally {
            await embedded?.stop();
          }
        };
        return { ...session, close };
      } catch (error) {
        await embedded?.stop();
        throw error;
      }
    },
  },
  processTerminal(),
  VERSION,
);

process.exitCode = await runCli(program, process.argv.slice(2));
