import postgres from 'postgres';
import { createEngine } from '../../src/create-engine.ts';
import type { ArtifactStore } from '../../src/index.ts';
import { sheetsWorkflow } from './fan-out/sheets.ts';
import { ordersWorkflow } from './orders.ts';

/** A worker in a process of its own, to be killed. Says "ready" when it works. */
const [url = '', concurrency = '100'] = process.argv.slice(2);
// Without a look at the server's types: when the connection breaks during it, the driver's rejection is nobody's.
const sql = postgres(url, { max: 4, fetch_types: false, onnotice: () => {} });
const engine = createEngine({
  database: url,
  workflows: [ordersWorkflow(sql), sheetsWorkflow(sql)],
  artifacts: undefined as unknown as ArtifactStore,
  concurrency: Number(concurrency),
  onFault: (message, error) => console.error(message, error),
});
await engine.work();
console.log('ready');
