import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/engine/api.ts';
import { createEngine, migrate, migrateWorkflows } from '../../src/index.ts';
import { createTriggerClient, openRuntime } from '../../src/trigger.ts';
import { createDatabase, createMigrated, type TestDatabase } from '../support/database.ts';
import { execute } from '../support/execute.ts';
import { waitsForGo } from '../support/machines.ts';

const workflows = [waitsForGo('set-up')] as const;

/** Every method of an engine that asks the database for something. */
const METHODS: Readonly<Record<string, (engine: Engine) => Promise<unknown>>> = {
  work: (engine) => engine.work(),
  start: (engine) => engine.start('set-up', undefined),
  'start with a key': (engine) => engine.start('set-up', undefined, { key: 'k' }),
  send: (engine) => engine.send('id', { type: 'GO' }),
  get: (engine) => engine.get('id'),
  list: (engine) => engine.list(),
  counts: (engine) => engine.counts(),
  history: (engine) => engine.history('id'),
  steps: (engine) => engine.steps('id'),
  items: (engine) => engine.items('id', '1:step'),
  snapshot: (engine) => engine.snapshot('id', 1),
  payload: (engine) => engine.payload('id', 'a'.repeat(64)),
  explain: (engine) => engine.explain('id'),
  preview: (engine) => engine.preview('id', { type: 'GO' }),
  cancel: (engine) => engine.cancel('id'),
  retry: (engine) => engine.retry('id'),
  operate: (engine) => engine.operate('id', { operation: 'pause' }),
  operation: (engine) => engine.operation(1),
  operations: (engine) => engine.operations(),
  bulk: (engine) => engine.bulk({ operation: 'pause' }, { workflow: 'set-up' }),
  'bulk, counted': (engine) => engine.bulk({ operation: 'pause' }, { workflow: 'set-up' }, { dryRun: true }),
  pause: (engine) => engine.pause({ workflow: 'set-up' }),
  unpause: (engine) => engine.unpause({ workflow: 'set-up' }),
  pauses: (engine) => engine.pauses(),
  fork: (engine) => engine.fork('id'),
  export: (engine) => engine.export('id'),
  publishedEvent: (engine) => engine.publishedEvent(1),
  publishedEvents: (engine) => engine.publishedEvents(),
  schedules: (engine) => engine.schedules(),
  result: (engine) => engine.result('id'),
  subscribe: async (engine) => {
    for await (const _ of engine.subscribe()) break;
  },
  'subscribe to one': async (engine) => {
    for await (const _ of engine.subscribe({ id: 'id' })) break;
  },
  overview: (engine) => engine.overview(),
  statistics: (engine) => engine.statistics('set-up'),
  retention: (engine) => engine.retention({ endedBefore: new Date() }),
  reconcile: (engine) => engine.reconcile(),
};

function engineOn(url: string): Engine {
  const engine = createEngine({ database: url, workflows, onFault: () => {} }) as unknown as Engine;
  onTestFinished(async () => engine.stop({ grace: 0 }));
  return engine;
}

/** What a call rejects with. */
async function refusal(call: () => Promise<unknown>): Promise<{ code: unknown; reason: unknown; message: string }> {
  try {
    await call();
  } catch (error) {
    const { code, details, message } = error as { code?: unknown; details?: { reason?: unknown }; message: string };
    return { code, reason: details?.reason, message };
  }
  return { code: 'none', reason: undefined, message: '' };
}

describe('a URL that is none is refused at once, without its password', () => {
  const LIKE = 'postgres://user:password@host:5432/database';
  const callers: Readonly<Record<string, (url: string) => unknown>> = {
    createEngine: (database) => createEngine({ database, workflows }),
    createTriggerClient: (database) => createTriggerClient({ database, workflows }),
    openRuntime: (database) => openRuntime({ database, workflows, artifacts: undefined }),
    migrate,
    migrateWorkflows: (url) => migrateWorkflows(url, workflows),
  };
  test.each([
    [undefined, 'DATABASE_URL_MISSING', 'undefined'],
    [null, 'DATABASE_URL_MISSING', 'null'],
    ['', 'DATABASE_URL_MISSING', 'empty'],
    [42, 'INVALID_DATABASE_URL', 'number'],
    ['s3cret', 'INVALID_DATABASE_URL', 'no postgres://'],
    ['localhost:5432/s3cret', 'INVALID_DATABASE_URL', 'no postgres://'],
    ['mysql://u:s3cret@h/d', 'INVALID_DATABASE_URL', 'mysql'],
    ['https://u:s3cret@h/d', 'INVALID_DATABASE_URL', 'https'],
    ['postgres://u:pa#s3cret@h/d', 'INVALID_DATABASE_URL', 'percent-encoded'],
    ['postgres://u:s3cret@h:99999/d', 'INVALID_DATABASE_URL', '65535'],
    ['postgres:s3cret', 'INVALID_DATABASE_URL', 'no postgres://'],
  ])('%j is %s', async (url, code, words) => {
    for (const [name, call] of Object.entries(callers)) {
      const told = await refusal(async () => call(url as string));
      expect(told, name).toMatchObject({ code });
      expect(told.message, name).toContain(words);
      expect(told.message, name).toContain(LIKE);
      expect(told.message, name).not.toContain('s3cret');
    }
  });

  test.each(['postgresql://h/d', 'postgres://u:p@a:1,b:2/d', 'postgres:///d?host=/tmp', 'POSTGRES://h'])(
    '%s is one',
    async (database) => {
      const engine = createEngine({ database, workflows });
      await engine.stop();
    },
  );
});

describe('what is wrong with the database is told by every method', () => {
  let migrated: TestDatabase;
  let empty: TestDatabase;
  let old: TestDatabase;
  beforeAll(async () => {
    [migrated, empty, old] = await Promise.all([createMigrated(), createDatabase(), createMigrated()]);
    await execute(
      old.url,
      'delete from durachart.migrations where created_at = (select max(created_at) from durachart.migrations)',
    );
    await execute(old.url, 'alter table durachart.workers drop column blocked_since');
    await execute(migrated.url, "create role set_up_nobody login password 'x'");
  });
  afterAll(async () => {
    await Promise.all([migrated, empty, old].map(async (database) => database.drop()));
    const { url, drop } = await createDatabase();
    await execute(url, 'drop role set_up_nobody');
    await drop();
  });
  const changed = (change: (url: URL) => void) => (): string => {
    const url = new URL(migrated.url);
    change(url);
    return url.href;
  };

  test.each<[what: string, url: () => string, reason: string, words: string]>([
    ['no migration', () => empty.url, 'NOT_MIGRATED', 'durachart migrate'],
    ['a port where nothing listens', changed((url) => (url.port = '1')), 'NOT_ANSWERING', 'ECONNREFUSED'],
    ['another password', changed((url) => (url.password = 's3cret')), 'LOGIN_REFUSED', 'password'],
    ['no such user', changed((url) => (url.username = 'nobody_here')), 'LOGIN_REFUSED', 'nobody_here'],
    ['no such database', changed((url) => (url.pathname = 'not_here')), 'NO_DATABASE', 'not_here'],
    [
      'a role without rights',
      changed((url) => Object.assign(url, { username: 'set_up_nobody', password: 'x' })),
      'NO_PERMISSION',
      'durachart',
    ],
  ])('%s', async (_, url, reason, words) => {
    const engine = engineOn(url());
    for (const [name, call] of Object.entries(METHODS)) {
      // Whoever waits for an end waits through an outage.
      if (name === 'result' && reason === 'NOT_ANSWERING') continue;
      const told = await refusal(() => call(engine));
      expect(told, name).toMatchObject({ code: 'DATABASE_UNAVAILABLE', reason });
      expect(told.message, name).toContain(words);
      expect(told.message, name).not.toContain('s3cret');
    }
    expect(await engine.health()).toMatchObject({ trouble: { code: reason } });
  });

  test('tables of an older version', async () => {
    const engine = engineOn(old.url);
    const told = await refusal(() => engine.work());
    expect(told).toMatchObject({ code: 'DATABASE_UNAVAILABLE', reason: 'NOT_MIGRATED' });
    expect(told.message).toContain('older version');
    // Whoever only asks is told where something is missing.
    expect(await refusal(() => engine.explain('id'))).toMatchObject({ reason: 'NOT_MIGRATED' });
  });

  test.each<[what: string, url: () => string, reason: string]>([
    ['another password', changed((url) => (url.password = 's3cret')), 'LOGIN_REFUSED'],
    ['no such database', changed((url) => (url.pathname = 'not_here')), 'NO_DATABASE'],
    ['a port where nothing listens', changed((url) => (url.port = '1')), 'NOT_ANSWERING'],
  ])('migrations: %s', async (_, url, reason) => {
    expect(await refusal(() => migrate(url()))).toMatchObject({ code: 'DATABASE_UNAVAILABLE', reason });
    expect(await refusal(() => migrateWorkflows(url(), workflows))).toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      reason,
    });
  });
});

test('an engine that was stopped says so, whatever it is asked', async () => {
  const { url, drop } = await createMigrated();
  onTestFinished(drop);
  const engine = engineOn(url);
  await engine.work();
  const { id } = await engine.start('set-up', undefined);
  const waiting = refusal(() => engine.result(id));
  await Promise.all([engine.stop(), engine.stop()]);
  await engine.stop();
  expect(await waiting).toMatchObject({ code: 'ENGINE_STOPPED' });
  for (const [name, call] of Object.entries({ ...METHODS, health: (each: Engine) => each.health() })) {
    const told = await refusal(() => call(engine));
    expect(told, name).toMatchObject({ code: 'ENGINE_STOPPED' });
    expect(told.message, name).toContain('createEngine');
  }
});
