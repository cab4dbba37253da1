import { test } from 'vitest';
import { useBench } from '../support/engine.ts';
import { waitsForGo } from '../support/machines.ts';
import { openDatabase } from '../../src/store/database.ts';
const bench = useBench();
test('kill', async () => {
  const d = openDatabase(bench.url);
  await d.session`select 1`; await d.pool`select 1`;
  await d.session`select pg_terminate_backend(pg_backend_pid())`.catch((e) => console.log(String(e)));
  for (const k of ['pool', 'transactions', 'hot', 'session'] as const) { const t = Date.now(); await d[k].end({ timeout: 5 }); console.log(k, Date.now() - t); }
  const e = await bench.worker([waitsForGo('zz')]);
  const t = Date.now();
  await (e as any).kill();
  console.log(Date.now() - t);
});
