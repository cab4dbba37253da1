import { join, relative } from 'node:path';
import { buildInspector } from './build-inspector.ts';
import { Client } from './cli/client.ts';
import { newCli } from './cli/command.ts';
import { processTerminal } from './cli/terminal.ts';
import { watchInstance } from './cli/watch.ts';
import { readConfig } from './config.ts';
import { createLog } from './http/log.ts';
import { startServer, untilStopped, type Server } from './server.ts';
import { VERSION } from './version.ts';

const INPUT = {
  workspaceId: 'demo',
  source: 'samples/long-jobs.mp4',
  title: 'What makes long jobs survive crashes',
  transcript: 'samples/long-jobs.vtt',
};

const say = (line = ''): void => void process.stdout.write(`${line}\n`);

/** The server, on another port where its own is taken: whoever tries the demo has nothing to set up first. */
async function start(): Promise<Server> {
  const config = readConfig(process.env);
  const log = createLog(process.env['DURACHART_LOG_LEVEL'] === undefined ? 'warn' : config.logLevel);
  try {
    return await startServer(config, log, VERSION);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'PORT_TAKEN' || process.env['DURACHART_PORT'] !== undefined) throw error;
    return await startServer({ ...config, port: 0 }, log, VERSION);
  }
}

const exit = process.argv.includes('--exit');
const stopped = untilStopped();

try {
  await buildInspector(() => say('Building the inspector (a few seconds, once) …'));
} catch (error) {
  say(`The inspector could not be built, the demo goes on without: ${(error as Error).message}`);
}
say('Starting Postgres, the engine and its API …');
const server = await start();
say();
say(`Inspector  ${server.api.url}/`);
say();
const terminal = processTerminal();
const client = new Client(server.api.url, readConfig(process.env).apiToken);
say(`Running video-processing on ${INPUT.source}.`);
say();

const { id } = await client.start('video-processing', { input: INPUT, tags: ['demo'] });
const cli = newCli({ serve: async () => {}, migrate: async () => {}, databaseUrl: async () => '' }, terminal);
let failed = false;
await Promise.race([
  stopped,
  watchInstance(cli, client, id, { json: undefined, output: false }).catch((error: unknown) => {
    failed = true;
    if ((error as Error).message !== '') say((error as Error).message);
  }),
]);

say();
const all = await server.artifacts.list(`${id}/`);
const results = all.filter(({ key }) => /\/pack\/[a-z]+\.(md|html)$/.test(key));
say(`Artifacts in ${relative(process.cwd(), join(server.artifactFolder, id))}`);
for (const { key, size } of results) say(`  ${size.toLocaleString('en').padStart(7)} B  ${key.slice(id.length + 1)}`);
if (all.length > results.length)
  say(`  and ${all.length - results.length} more: the source, the transcript, the drafts on their way`);
say();
say(`Inspector ${server.api.url}/ui/instances/${id}`);
say(`API       ${server.api.url}/instances/${id}`);
say(`          ${server.api.url}/openapi.json`);
say(`Database  ${server.embedded?.psql ?? 'psql "$DATABASE_URL"'}`);
say(
  `          select sequence, event, to_state, at from durachart.transitions where instance_id = '${id}' order by sequence;`,
);
say(`CLI       DURACHART_URL=${server.api.url} npm run durachart -- show ${id}`);

if (!exit) {
  say();
  say('The server stays up. Ctrl-C ends it.');
  await stopped;
}
await server.stop();
process.exitCode = failed ? 1 : 0;
