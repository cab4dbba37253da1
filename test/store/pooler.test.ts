import { describe, expect, onTestFinished, test } from 'vitest';
import { createEngine } from '../../src/create-engine.ts';
import { migrate } from '../../src/store/migrate.ts';
import { migrateWorkflows } from '../../src/store/migrate-workflows.ts';
import { MIGRATION_SETTINGS, OWN_SETTINGS, STEP_SETTINGS } from '../../src/store/session-settings.ts';
import { useBench } from '../support/engine.ts';
import { waitsForGo } from '../support/machines.ts';
import { noPgBouncer, startPgBouncer } from '../support/pgbouncer.ts';

const workflows = [waitsForGo('pooled')] as const;
const bench = useBench();

/** What the engine asks of a session, and a pooler may be told not to mind. */
const ASKED = [
  ...Object.keys({ ...OWN_SETTINGS, ...MIGRATION_SETTINGS, ...STEP_SETTINGS }),
  'default_transaction_read_only',
  'durachart.direct',
].join(', ');

const REFUSED = { code: 'DATABASE_UNAVAILABLE', details: { reason: 'POOLER' } };

describe.skipIf(noPgBouncer)('behind a pooler', () => {
  test.each([
    ['session', []],
    ['transaction', []],
    ['session', [`ignore_startup_parameters = ${ASKED}`]],
    ['transaction', [`ignore_startup_parameters = ${ASKED}`]],
  ])('in %s mode %j nobody migrates or works, and each is told why', async (mode, settings) => {
    const { url, stop } = await startPgBouncer(bench.url, [`pool_mode = ${mode}`, ...settings]);
    onTestFinished(stop);
    const engine = createEngine({ database: url, workflows, onFault: () => {} });
    onTestFinished(async () => engine.stop({ grace: 0 }));
    await expect(engine.work()).rejects.toMatchObject(REFUSED);
    await expect(migrate(url)).rejects.toMatchObject(REFUSED);
    await expect(migrateWorkflows(url, workflows)).rejects.toMatchObject(REFUSED);
    expect(await bench.sql`select from durachart.workers`).toHaveLength(0);
    // What a migration that was begun would have left with the pooler.
    expect(
      await bench.sql`select from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`,
    ).toHaveLength(0);
    if (settings.length > 0) return;
    await expect(engine.start('pooled', undefined)).rejects.toMatchObject(REFUSED);
    await expect(engine.list()).rejects.toMatchObject(REFUSED);
    expect(await engine.health()).toMatchObject({ database: false, trouble: { code: 'POOLER' } });
  });
});
