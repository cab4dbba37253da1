import postgres from 'postgres';
import { createEngine } from '../../../src/create-engine.ts';
import type { ArtifactStore } from '../../../src/index.ts';
import { startEmbedded } from '../../../src/store/embedded.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { ordersWorkflow } from '../orders.ts';

/**
 * A process with the embedded Postgres of a folder, and a worker on it if asked for, as a server is one: to be killed, and to be stopped by SIGTERM.
 * It writes its state when that changes, and what the embedded server logs, a line of JSON each.
 */
const [dataDir = '', work] = process.argv.slice(2);
const write = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const server = await startEmbedded({ dataDir, log: (log) => write({ log }) });
let told = '';
const tell = (): void => {
  const { pid, owned, trouble, url } = server;
  const state = { pid, owned, down: trouble !== undefined, url };
  if (JSON.stringify(state) !== told) write({ state });
  told = JSON.stringify(state);
};
let engine: ReturnType<typeof createEngine> | undefined;
if (work === 'work') {
  await migrate(server.url);
  const sql = postgres(server.url, { max: 4, fetch_types: false, onnotice: () => {} });
  engine = createEngine({
    database: server.url,
    workflows: [ordersWorkflow(sql)],
    artifacts: undefined as unknown as ArtifactStore,
    concurrency: 6,
    onFault: () => {},
  });
  await engine.work();
}
tell();
setInterval(tell, 20);
process.once('SIGTERM', () => {
  void (async () => {
    await engine?.stop({ grace: 1_000 });
    await server.stop();
    process.exit(0);
  })();
});
