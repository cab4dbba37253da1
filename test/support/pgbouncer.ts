import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PGBOUNCER = '/usr/sbin/pgbouncer';

/** Whether the tests with a pooler are skipped; never where CI runs: there, what is missing shows. */
export const noPgBouncer = !existsSync(PGBOUNCER) && process.env['CI'] === undefined;
if (noPgBouncer)
  process.stderr.write('There is no PgBouncer: tests with a pooler are skipped (apt-get install pgbouncer).\n');

/** PgBouncer takes no root, so that for root it runs as nobody. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Starts a PgBouncer before a server. @param settings lines of its configuration @returns the same database through it */
export async function startPgBouncer(
  url: string,
  settings: readonly string[],
): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = new URL(url);
  const through = new URL(url);
  through.port = String(await freePort());
  const folder = await mkdtemp(join(tmpdir(), 'durachart-pgbouncer-'));
  await chmod(folder, 0o755);
  const password = decodeURIComponent(server.password);
  await writeFile(join(folder, 'users'), `"${server.username}" "${password}"\n`);
  const lines = [
    '[databases]',
    `* = host=${server.hostname} port=${server.port} password=${password}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${through.port}`,
    'unix_socket_dir =',
    'auth_type = trust',
    `auth_file = ${join(folder, 'users')}`,
    ...settings,
  ];
  await writeFile(join(folder, 'ini'), `${lines.join('\n')}\n`);
  const child = spawn(PGBOUNCER, [join(folder, 'ini')], { ...NOBODY, stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (text: Buffer) => {
      said += String(text);
      if (said.includes('process up')) resolve();
    });
    void exited.then(() => reject(new Error(`PgBouncer ended: ${said}`)), reject);
  });
  return {
    url: through.href,
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
