import { buildCli, runCli } from '../../../src/cli/cli.ts';
import { migrate } from '../../../src/store/migrate.ts';

/** The CLI as a program of its own, as users run it; the database is that of DATABASE_URL. */
const databaseUrl = async (): Promise<string> => process.env['DATABASE_URL'] ?? '';
const program = buildCli({
  serve: async () => void process.stdout.write('serving\n'),
  migrate: async () => void (await migrate(await databaseUrl())),
  databaseUrl,
});
process.exitCode = await runCli(program, process.argv.slice(2));
