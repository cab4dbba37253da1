// npm run bench:watchers: what clients that watch all instances cost a burst of work. See --help.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createLocalArtifacts } from '../../src/artifacts/local.ts';
import { createEngine } from '../../src/create-engine.ts';
import type { Engine } from '../../src/engine/api.ts';
import { createApi } from '../../src/http/api.ts';
import { serveApi } from '../../src/http/serve.ts';
import { ENGINE_MIGRATIONS, migrate } from '../../src/store/migrate.ts';
import { Cleanup } from './cleanup.ts';
import { benchWorkflows } from './machines.ts';
import { openServer } from './server.ts';

const HELP = `node test/bench/watchers.ts [options]     (npm run bench:watchers -- [options])
  --watchers N   (2000)  clients on /events, in a process of their own
  --instances N  (300)   of the burst, 10 steps each
  --rounds N     (4)     each: a burst without watchers, with some that do not read, with some that do
  DATABASE_URL           the Postgres to use; default: the embedded one, in a temporary folder
Prints seconds of each burst, how long health took at most meanwhile, and the ratio of the medians to those without watchers.`;

const KINDS = ['none', 'deaf', 'reading'] as const;

async function main(cleanup: Cleanup, watchers: number, instances: number, rounds: number): Promise<void> {
  const server = await openServer(process.env['DATABASE_URL'], cleanup);
  const { url } = await server.createDatabase('watchers');
  await migrate(url, [ENGINE_MIGRATIONS]);
  const folder = await mkdtemp(join(tmpdir(), 'durachart-watchers-'));
  cleanup.add(async () => rm(folder, { recursive: true, force: true }));
  const artifacts = createLocalArtifacts(folder);
  const engine = createEngine({ database: url, workflows: benchWorkflows(() => {}), artifacts }) as unknown as Engine;
  cleanup.add(async () => engine.stop());
  await engine.work();
  const api = await serveApi(createApi(engine, { artifacts }), { port: 0 });
  cleanup.add(async () => api.close());
  const seconds: Record<(typeof KINDS)[number], number[]> = { none: [], deaf: [], reading: [] };
  await burst(engine, api.url, instances);
  for (let round = 1; round <= rounds; round++) {
    for (const kind of KINDS) {
      const child =
        kind === 'none'
          ? undefined
          : fork(fileURLToPath(import.meta.url), ['--watch', kind, '--url', api.url, '--watchers', String(watchers)]);
      if (child !== undefined) await once(child, 'message');
      const { took, health } = await burst(engine, api.url, instances);
      seconds[kind].push(took);
      console.log(`${round} ${kind.padEnd(8)} ${took.toFixed(2)} s   health at most ${Math.round(health)} ms`);
      if (child !== undefined) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
  }
  const median = (of: number[]): number => of.toSorted((a, b) => a - b)[Math.floor(of.length / 2)] ?? NaN;
  for (const kind of ['deaf', 'reading'] as const)
    console.log(
      `${watchers} ${kind}: ${(median(seconds[kind]) / median(seconds.none)).toFixed(2)} of the time without`,
    );
}

async function burst(engine: Engine, url: string, instances: number): Promise<{ took: number; health: number }> {
  let isOver = false;
  let health = 0;
  const asking = (async () => {
    while (!isOver) {
      const asked = performance.now();
      const response = await fetch(`${url}/health/ready`);
      health = Math.max(health, performance.now() - asked);
      if (response.status !== 200) throw new Error(`Health is ${response.status}.`);
      await response.arrayBuffer();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  const began = performance.now();
  const all = Array.from({ length: instances }, async () => {
    const { id } = await engine.start('bench-sequence', null as never);
    await engine.result(id, { timeout: 300_000 });
  });
  await Promise.all(all);
  const took = (performance.now() - began) / 1_000;
  isOver = true;
  await asking;
  return { took, health };
}

/** Opens the connections, says so, and lives until it is killed. Who is cut off comes back. */
async function watch(url: string, kind: string, watchers: number): Promise<void> {
  const { hostname, port } = new URL(url);
  const open = async (): Promise<void> => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.on('close', () => setTimeout(() => void open(), 1_000));
    socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    if (kind === 'deaf') socket.pause();
    else socket.resume();
  };
  for (let i = 0; i < watchers; i += 100) await Promise.all(Array.from({ length: 100 }, open));
  process.send?.('open');
}

const { values } = parseArgs({
  options: {
    watchers: { type: 'string', default: '2000' },
    instances: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '4' },
    watch: { type: 'string' },
    url: { type: 'string', default: '' },
    help: { type: 'boolean' },
  },
});
if (values.help === true) console.log(HELP);
else if (values.watch !== undefined) await watch(values.url, values.watch, Number(values.watchers));
else {
  const cleanup = new Cleanup();
  try {
    await main(cleanup, Number(values.watchers), Number(values.instances), Number(values.rounds));
  } finally {
    await cleanup.run();
  }
}
