import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EmbeddedServer } from '../../src/store/embedded.ts';

/** The URL of an embedded server's database as its superuser, which the server itself gives to nobody. */
export function superuserOf(server: EmbeddedServer): string {
  const [, , , user = '', password = ''] = readFileSync(join(server.dataDir, 'pgpass-superuser'), 'utf8')
    .trim()
    .split(':');
  const url = new URL(server.url);
  url.username = user;
  url.password = password;
  return url.href;
}
