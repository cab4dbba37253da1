import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { EVENT, SCRIPT, SNAPSHOT, transition, type Baseline } from './transition.ts';

const run = promisify(execFile);

/** pgbench where it is installed, otherwise node. @param folder for the script */
export async function chooseBaseline(wanted: 'pgbench' | 'node' | undefined, folder: string): Promise<Baseline> {
  if (wanted === 'node') return byNode;
  try {
    const { stdout } = await run('pgbench', ['--version']);
    return byPgbench(stdout.trim(), folder);
  } catch (error) {
    if (wanted === 'pgbench') throw new Error('pgbench is not installed, or not in PATH.', { cause: error });
    return byNode;
  }
}

function byPgbench(version: string, folder: string): Baseline {
  const script = join(folder, 'baseline.sql');
  writeFileSync(script, SCRIPT);
  const fixed = ['-n', '-M', 'prepared', '-j', '1', '-D', `snap=${SNAPSHOT}`, '-D', `ev=${EVENT}`, '-f', script];
  return {
    label: version,
    run: async (url, clients, seconds, signal) => {
      const { hostname, port, username, password, pathname } = new URL(url);
      const env = {
        ...process.env,
        PGHOST: hostname,
        PGPORT: port || '5432',
        PGUSER: decodeURIComponent(username),
        PGPASSWORD: decodeURIComponent(password),
        PGDATABASE: pathname.slice(1),
      };
      const { stdout } = await run('pgbench', [...fixed, '-c', `${clients}`, '-T', `${seconds}`], { signal, env });
      const tps = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
      const latencyMs = Number(/latency average = ([\d.]+)/.exec(stdout)?.[1]);
      if (!(tps > 0)) throw new Error(`pgbench says nothing that we understand:\n${stdout}`);
      return { tps, latencyMs };
    },
  };
}

const byNode: Baseline = {
  label: `node ${process.versions.node} with postgres.js`,
  run: async (url, clients, seconds, signal) => {
    const connections = Array.from({ length: clients }, () =>
      postgres(url, { max: 1, fetch_types: false, onnotice: () => {} }),
    );
    try {
      // Connected and with its statements prepared, before the clock starts.
      await Promise.all(connections.map(async (sql) => transition(sql)));
      const began = performance.now();
      const end = began + seconds * 1000;
      let transactions = 0;
      await Promise.all(
        connections.map(async (sql) => {
          while (performance.now() < end && !signal.aborted) {
            await transition(sql);
            transactions++;
          }
        }),
      );
      const milliseconds = performance.now() - began;
      return { tps: (transactions * 1000) / milliseconds, latencyMs: (milliseconds * clients) / transactions };
    } finally {
      await Promise.all(connections.map(async (sql) => sql.end({ timeout: 1 })));
    }
  },
};
