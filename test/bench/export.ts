// npm run bench:export: what a large export costs in memory and time. See --help.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { migrations } from '../../machines/index.ts';
import { ENGINE_MIGRATIONS, migrate } from '../../src/index.ts';
import { fillMetrics } from '../machines/export-generator/rows.ts';
import { Cleanup } from './cleanup.ts';
import type { ExportFigures } from './export-process.ts';
import { openServer } from './server.ts';

const HELP = `node test/bench/export.ts [options]     (npm run bench:export -- [options])
  --rows N   (1000000)  exported as CSV and as JSON, beside a tenth of it
  DATABASE_URL          the Postgres to use (its user may create databases); default: the embedded one, in a temporary folder
Each export runs in a process of its own. Exits with 1 when one's memory (resident set) grows by 150 MB or more.`;

/** Megabytes that an export may take. */
const AIM = 150;
const MB = 1024 ** 2;

async function main(rows: number, cleanup: Cleanup): Promise<boolean> {
  const server = await openServer(process.env['DATABASE_URL'], cleanup);
  const { url } = await server.createDatabase('export');
  const folder = await mkdtemp(join(tmpdir(), 'durachart-export-'));
  cleanup.add(async () => rm(folder, { recursive: true, force: true }));
  await migrate(url, [ENGINE_MIGRATIONS, ...migrations]);
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  cleanup.add(async () => sql.end({ timeout: 1 }));
  const tenth = Math.ceil(rows / 10);
  for (const count of [tenth, rows]) await fillMetrics(sql, `rows-${count}`, count);
  let good = true;
  console.log('format       rows    seconds   rows/s   file MB   rss before MB   peak MB   growth MB');
  for (const format of ['csv', 'json']) {
    const growths: number[] = [];
    for (const count of [tenth, rows]) {
      const { before, peak, seconds, bytes, exported } = await exportInProcess(url, folder, `rows-${count}`, format);
      if (exported !== count) throw new Error(`${exported} of ${count} rows were exported.`);
      const growth = (peak - before) / MB;
      growths.push(growth);
      good &&= growth < AIM;
      const cells = [
        count.toLocaleString('en').padStart(10),
        seconds.toFixed(1).padStart(10),
        Math.round(count / seconds)
          .toLocaleString('en')
          .padStart(8),
        (bytes / MB).toFixed(1).padStart(9),
        (before / MB).toFixed(0).padStart(15),
        (peak / MB).toFixed(0).padStart(9),
        growth.toFixed(0).padStart(11),
      ];
      console.log(`${format.padEnd(6)} ${cells.join(' ')}`);
    }
    const [small = NaN, large = NaN] = growths;
    console.log(`       ten times the rows, ${(large / small).toFixed(2)} times the growth`);
  }
  return good;
}

async function exportInProcess(url: string, folder: string, userId: string, format: string): Promise<ExportFigures> {
  const script = fileURLToPath(new URL('export-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, url, folder, userId, format], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`The export ended with ${String(code)}.`);
  return JSON.parse(output) as ExportFigures;
}

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, help: { type: 'boolean', default: false } },
});
if (values.help) console.log(HELP);
else {
  const cleanup = new Cleanup();
  cleanup.onSignals();
  try {
    if (!(await main(Number(values.rows), cleanup))) process.exitCode = 1;
  } finally {
    await cleanup.run();
  }
}
