import { buildCli, runCli } from '../../../src/cli/cli.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { openQuerySession } from '../../../src/store/query-session.ts';

/** The CLI as a program of its own, as users run it; the database is that of DATABASE_URL. */
const databaseUrl = process.env['DATABASE_URL'] ?? '';
const program = buildCli({
  serve: async () => void process.stdout.write('serving\n'),
  migrate: async () => void (await migrate(databaseUrl)),
  openQuery: async (seconds) => openQuerySession(databaseUrl, seconds),
});
process.exitCode = await runCli(program, process.argv.slice(2));
