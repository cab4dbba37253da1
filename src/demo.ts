import { buildInspector } from './build-inspector.ts';
import { Client } from './cli/client.ts';
import { newCli } from './cli/command.ts';
import { processTerminal } from './cli/terminal.ts';
import { watchInstance } from './cli/watch.ts';
import { readConfig } from './config.ts';
import type { Demo } from './demo/demonstration.ts';
import { design } from './demo/design.ts';
import { video } from './demo/video.ts';
import { isInspectorBuilt } from './http/inspector.ts';
import { createLog } from './http/log.ts';
import { startServer, untilStopped, type Server } from './server.ts';
import { VERSION } from './version.ts';

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

/** `npm run demo`, `npm run demo -- design`, each with `--exit` to end by itself, the latter with `--auto` to approve by itself. */
function chosen(words: readonly string[]): Demo {
  const [name = 'video', ...more] = words.filter((word) => !word.startsWith('--'));
  const unknown = words.find((word) => word.startsWith('--') && !['--exit', '--auto'].includes(word));
  if (more.length > 0 || unknown !== undefined || !['video', 'design'].includes(name)) {
    process.stderr.write('Usage: npm run demo -- [video|design] [--auto] [--exit]\n');
    process.exit(2);
  }
  return name === 'design' ? design(words.includes('--auto')) : video;
}

const demo = chosen(process.argv.slice(2));
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
if (isInspectorBuilt()) {
  say(`Inspector  ${server.api.url}/`);
  say();
}
const terminal = processTerminal();
const client = new Client(server.api.url, readConfig(process.env).apiToken);
say(demo.says);
say();

const { id } = await client.start(demo.workflow, { input: demo.input, tags: ['demo'] });
const nothing = async (): Promise<never> => Promise.reject(new Error('The demo has no such command.'));
const cli = newCli({ serve: nothing, migrate: nothing, openQuery: nothing }, terminal);
let failed = false;

/** Tells what to do when a person is waited for. Resolves then, where the demo is to end by itself and nobody is there. */
async function tellWaiting(): Promise<void> {
  const { waits } = demo;
  if (waits === undefined) return stopped;
  for await (const change of server.engine.subscribe({ id, after: '0' })) {
    if (change.type !== 'transition' || change.entry.to !== waits.state) continue;
    say();
    for (const line of waits.tells(server, id)) say(line);
    say();
    if (exit) return;
  }
}

await Promise.race([
  stopped,
  tellWaiting(),
  watchInstance(cli, client, id, { json: undefined, output: false }).catch((error: unknown) => {
    failed = true;
    if ((error as Error).message !== '') say((error as Error).message);
  }),
]);

say();
await demo.results(server, id, say);
say();
if (isInspectorBuilt()) say(`Inspector ${server.api.url}/ui/instances/${id}`);
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
