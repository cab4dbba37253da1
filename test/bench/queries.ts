// npm run bench:queries: what lists, counts and views cost beside a million instances. See --help.
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { migrate, migrateWorkflows } from '../../src/index.ts';
import { Cleanup } from './cleanup.ts';
import { fill, type Filling } from './queries/fill.ts';
import { isWhole, measure, print, type Line } from './queries/measure.ts';
import { instanceId, queries, statistics, viewQueries } from './queries/queries.ts';
import { workflows } from './queries/workflows.ts';
import { openServer } from './server.ts';

const HELP = `node test/bench/queries.ts [options]     (npm run bench:queries -- [options])
  --instances N         (1000000)
  --transitions-each N  (10)
  --runs N              of each query (11)
  DATABASE_URL          the Postgres to use (its user may create databases); default: the embedded one, in a temporary folder
Exits with 1 when a query reads a big table whole, or takes more than 100 ms (views aside).`;

/** Milliseconds that a query may take, in the middle of its runs. */
const AIM = 100;

const say = (line: string): void => console.error(line);

async function main(cleanup: Cleanup, filling: Filling, runs: number): Promise<boolean> {
  const server = await openServer(process.env['DATABASE_URL'], cleanup);
  const { url } = await server.createDatabase('queries');
  // Set up as the engine's pool is.
  const sql = postgres(url, { max: 1, onnotice: () => {}, connection: { jit: 'off' } });
  cleanup.add(async () => sql.end({ timeout: 1 }));
  await migrate(url);
  await migrateWorkflows(url, workflows);
  const began = performance.now();
  await fill(sql, filling, say);
  const [size] = await sql<{ size: string }[]>`select pg_size_pretty(pg_database_size(current_database())) as size`;
  say(`  made in ${((performance.now() - began) / 1000).toFixed(0)} s, ${size?.size}`);

  // As workers that live do.
  const beats = async (): Promise<unknown> => sql`update durachart.workers set beat_at = now()`.catch(() => {});
  await beats();
  const beat = setInterval(() => void beats(), 10_000);
  cleanup.add(async () => clearInterval(beat));
  const lists: Line[] = [];
  for (const query of queries(filling.instances)) lists.push(await measure(sql, query, runs));
  const views: Line[] = [];
  for (const query of viewQueries(instanceId(Math.floor(filling.instances / 2))))
    views.push(await measure(sql, query, runs));
  await sql`set durachart.period = '1 hour'`;
  for (const query of statistics()) views.push(await measure(sql, query, runs));
  console.log(`Load ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores`);
  print('API, CLI and page', lists, AIM);
  print('views', views, Infinity);
  return lists.every(({ p50 }) => p50 <= AIM) && ![...lists, ...views].some(isWhole);
}

const { values } = parseArgs({
  options: {
    instances: { type: 'string', default: '1000000' },
    'transitions-each': { type: 'string', default: '10' },
    runs: { type: 'string', default: '11' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else {
  const cleanup = new Cleanup();
  cleanup.onSignals();
  try {
    const filling = { instances: Number(values.instances), transitionsEach: Number(values['transitions-each']) };
    if (!(await main(cleanup, filling, Number(values.runs)))) process.exitCode = 1;
  } finally {
    await cleanup.run();
  }
}
