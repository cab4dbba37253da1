import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportGenerator, triggerExportGenerator } from '../../../machines/export-generator/index.ts';
import { createEngine, type ArtifactStore } from '../../../src/index.ts';
import { reached } from '../../support/engine.ts';
import { usePipeline } from '../support/pipeline.ts';
import { fillMetrics } from './rows.ts';

const pipeline = usePipeline();
const workflows = [exportGenerator] as const;
type Input = Parameters<typeof triggerExportGenerator>[1];

async function exported(input: Input): Promise<{ id: string; key: string; rows: number; text: string }> {
  const engine = await pipeline.worker(workflows);
  const triggered = await triggerExportGenerator(engine, input);
  const { key, rows } = await triggered.result({ timeout: 20_000 });
  return { id: triggered.id, key, rows, text: await pipeline.text(key) };
}

/** As a program reads it. */
const cells = (text: string) => parse(text, { bom: true, columns: true }) as Record<string, string>[];

async function pin(userId: string, pinId: string, title: string | null, url: string | null = null): Promise<void> {
  await pipeline.sql`
    insert into winner_refresh.pins (user_id, pin_id, title, url, created_at)
    values (${userId}, ${pinId}, ${title}, ${url}, '2026-03-01T23:30:00-02:00')`;
}

describe('the file', () => {
  const TITLES = [
    ['a', 'plain'],
    ['b', '=1+1'],
    ['c', 'two\nlines, "quoted"; ümlaut 日本 🖼'],
    ['d', '\t=tab'],
    ['e', ''],
  ] as const;
  beforeAll(async () => {
    for (const [pinId, title] of TITLES)
      await pin('ada', pinId, title, pinId === 'a' ? 'https://p.example/?a=1' : null);
    await pin('bob', 'b', "bob's own");
  });

  test('CSV by RFC 4180, in UTF-8 that Excel knows, with formulas made harmless, and nobody else in it', async () => {
    const { id, key, rows, text } = await exported({ userId: 'ada', exportType: 'pins', format: 'csv' });
    expect(key).toBe(`${id}/pins.csv`);
    expect(rows).toBe(5);
    expect(text.startsWith('\u{feff}"pinId","title","url","createdAt"\r\n')).toBe(true);
    expect(text).toContain('"b","\'=1+1",,');
    expect(cells(text).map(({ title }) => title)).toEqual([
      'plain',
      "'=1+1",
      'two\nlines, "quoted"; ümlaut 日本 🖼',
      "'\t'=tab",
      '',
    ]);
    expect(cells(text)[0]).toEqual({
      pinId: 'a',
      title: 'plain',
      url: 'https://p.example/?a=1',
      createdAt: '2026-03-02T01:30:00.000Z',
    });
  });

  test('JSON has the text as it is, and null where there is none', async () => {
    const { key, text } = await exported({ userId: 'ada', exportType: 'pins', format: 'json' });
    expect(key).toMatch(/\/pins\.json$/);
    const rows = JSON.parse(text) as { title: string; url: string | null }[];
    expect(rows.map(({ title }) => title)).toEqual(TITLES.map(([, title]) => title));
    expect(rows.map(({ url }) => url)).toEqual(['https://p.example/?a=1', null, null, null, null]);
  });

  test('numbers are numbers, however large, and a negative one is no formula', async () => {
    await pipeline.sql`
      insert into winner_refresh.pin_metrics (user_id, pin_id, day, impressions, saves, clicks) values ('big', 'p', '2026-01-01', 9007199254740993, 2, 3)`;
    const input = { userId: 'big', exportType: 'pin-metrics', fields: ['impressions', 'title', 'saves'] } as const;
    const { text } = await exported({ ...input, fields: [...input.fields], format: 'json' });
    expect(text).toBe('[\n{"impressions":9007199254740993,"title":null,"saves":2}\n]\n');
    const csv = await exported({ ...input, fields: [...input.fields], format: 'csv' });
    expect(csv.text).toBe('\u{feff}"impressions","title","saves"\r\n"9007199254740993",,"2"\r\n');
  });

  test('has only the days asked for, both ends included, and only the columns asked for, in their order', async () => {
    await pipeline.sql`
      insert into winner_refresh.pin_metrics (user_id, pin_id, day, impressions, saves, clicks)
      select 'days', 'p', date '2026-01-01' + n, n, 0, 0 from generate_series(0, 9) n`;
    const { text } = await exported({
      userId: 'days',
      exportType: 'pin-metrics',
      format: 'csv',
      dateRange: { from: '2026-01-03', to: '2026-01-05' },
      fields: ['impressions', 'day'],
    });
    expect(text).toBe('\u{feff}"impressions","day"\r\n"2","2026-01-03"\r\n"3","2026-01-04"\r\n"4","2026-01-05"\r\n');
  });

  test.each([
    ['csv', '\u{feff}"rank","pinId","title","score","since"\r\n'],
    ['json', '[\n\n]\n'],
  ] as const)('without rows is a %s file all the same', async (format, expected) => {
    const { text, rows } = await exported({ userId: "nobody' or '1'='1", exportType: 'winners', format });
    expect(text).toBe(expected);
    expect(rows).toBe(0);
  });

  test('is entered into the table of exports, and its parts are gone', async () => {
    const { id, key, text } = await exported({ userId: 'ada', exportType: 'pins', format: 'csv' });
    const [row] = await pipeline.sql`select * from export_generator.exports where instance_key = ${id}`;
    expect(row).toMatchObject({
      user_id: 'ada',
      export_type: 'pins',
      format: 'csv',
      key,
      rows: '5',
      bytes: String(Buffer.byteLength(text)),
      sha256: createHash('sha256').update(text).digest('hex'),
    });
    expect((await pipeline.artifacts.list(`${id}/`)).map((each) => each.key)).toEqual([key]);
  });
});

describe('what is refused at the start', () => {
  const base = { userId: 'ada', exportType: 'pins', format: 'csv' } as const;
  test.each([
    ['an unknown field', { ...base, fields: ['title', 'user_id'] }, 'fields.1'],
    ['SQL for a field', { ...base, fields: ['title)::text, (select 1'] }, 'fields.0'],
    ['a name that every object has', { ...base, fields: ['constructor'] }, 'fields.0'],
    ['a field of another type', { ...base, fields: ['impressions'] }, 'fields.0'],
    ['a field twice', { ...base, fields: ['title', 'title'] }, 'fields.1'],
    ['days the wrong way round', { ...base, dateRange: { from: '2026-02-01', to: '2026-01-01' } }, 'dateRange.to'],
    ['a day that is none', { ...base, dateRange: { from: '2026-02-30' } }, 'dateRange.from'],
    ['a field that it does not have', { ...base, where: '1=1' }, ''],
  ])('%s', async (_, input, path) => {
    const engine = await pipeline.worker(workflows);
    const error = (await triggerExportGenerator(engine, input as Input).catch((each: unknown) => each)) as {
      code: string;
      details: { issues: { path: string }[] };
    };
    expect(error.code).toBe('INVALID_INPUT');
    expect(error.details.issues[0]?.path).toBe(path);
  });
});

describe('many rows', () => {
  const ROWS = 50_001;
  beforeAll(async () => fillMetrics(pipeline.sql, 'many', ROWS));

  test.each(['csv', 'json'] as const)(
    'come in parts, each once and in order, with the progress seen: %s',
    async (format) => {
      const engine = await pipeline.worker(workflows);
      const triggered = await triggerExportGenerator(engine, { userId: 'many', exportType: 'pin-metrics', format });
      const seen: number[] = [];
      for await (const change of engine.subscribe({ id: triggered.id, after: '0' })) {
        if (change.type !== 'step' || change.step.step !== 'write-part') continue;
        const { status, progress } = change.step;
        if (status === 'running' && progress !== null) seen.push(Number(progress.toFixed(3)));
      }
      const { key } = await triggered.result();
      const text = await pipeline.text(key);
      const rows = format === 'csv' ? cells(text) : (JSON.parse(text) as Record<string, string | number>[]);
      expect(rows).toHaveLength(ROWS);
      rows.forEach(({ day, pinId, title, impressions }, n) => {
        if (
          pinId !== `pin-${String(n % 1000).padStart(4, '0')}` ||
          day !== new Date(Date.UTC(2020, 0, 1 + Math.floor(n / 1000))).toISOString().slice(0, 10) ||
          Number(impressions) !== 1000 + (n % 977) ||
          title !== `Quote No. ${n % 1000}, "framed"`
        )
          throw new Error(`Row ${n} is ${JSON.stringify(rows[n])}`);
      });
      // Of the whole, not of the part.
      expect(seen.some((fraction) => fraction > 0 && fraction < 0.4)).toBe(true);
      expect(seen.some((fraction) => fraction > 0.8 && fraction < 1)).toBe(true);
      const states = (await engine.history(triggered.id)).items.map(({ to }) => to);
      expect(states).toEqual([
        'RECEIVED',
        'COUNTED',
        'PART_WRITTEN',
        'PART_WRITTEN',
        'WRITTEN',
        'ASSEMBLED',
        'RECORDED',
        'EXPORTED',
      ]);
    },
  );

  test('a worker killed in a part: another goes on from the last whole one, and the file is the same', async () => {
    const input = { userId: 'many', exportType: 'pin-metrics', format: 'csv' } as const;
    const whole = await exported(input);
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('worker-process.ts', import.meta.url)), pipeline.url, pipeline.folder],
      { stdio: 'inherit' },
    );
    const starter = createEngine({
      database: pipeline.url,
      workflows,
      artifacts: pipeline.artifacts,
    });
    const { id } = await triggerExportGenerator(starter, input);
    await reached(starter, id, 'PART_WRITTEN');
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    const standing = await starter.get(id);
    expect(standing.status).not.toBe('done');
    await starter.work();
    const { key } = await starter.result<{ key: string }>(id, { timeout: 20_000 });
    const attempts = (await starter.steps(id)).filter(({ step }) => step === 'write-part');
    expect(attempts).toHaveLength(3);
    // The first part was not written again.
    expect(attempts[0]?.attempt).toBe(1);
    await starter.stop();
    expect(await pipeline.text(key)).toBe(whole.text);
    expect((await pipeline.artifacts.list(`${id}/`)).map((each) => each.key)).toEqual([key]);
  });
});

test('whichever call of the artifact store fails, before or after it was done: the file is the same in the end', async () => {
  await fillMetrics(pipeline.sql, 'cut', 2_000);
  const input = { userId: 'cut', exportType: 'pin-metrics', format: 'json' } as const;
  const whole = (await exported(input)).text;
  // One instance a cut, all at once: each waits a second for its second attempt.
  const CALLS = 4;
  const cuts = Array.from({ length: 2 * CALLS }, (_, i) => ({
    id: `cut-${i}`,
    call: 1 + Math.floor(i / 2),
    when: i % 2 === 0 ? 'before' : 'after',
  }));
  const counts = new Map<string, number>();
  const failing =
    <Args extends [string, ...unknown[]], Result>(method: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      const cut = cuts.find(({ id }) => args[0].startsWith(`${id}/`));
      const call = 1 + (counts.get(cut?.id ?? '') ?? 0);
      counts.set(cut?.id ?? '', call);
      if (cut?.call === call && cut.when === 'before') throw new Error('cut');
      const result = await method(...args);
      if (cut?.call === call && cut.when === 'after') {
        if (result instanceof Readable) result.destroy();
        throw new Error('cut');
      }
      return result;
    };
  const { artifacts } = pipeline;
  const store: ArtifactStore = {
    put: failing(artifacts.put.bind(artifacts)),
    read: failing(artifacts.read.bind(artifacts) as (key: string) => ReturnType<ArtifactStore['read']>),
    delete: failing(artifacts.delete.bind(artifacts)),
    stat: artifacts.stat.bind(artifacts),
    list: artifacts.list.bind(artifacts),
  };
  const engine = await pipeline.worker(workflows, { artifacts: store });
  const all = await Promise.all(cuts.map(({ id }) => triggerExportGenerator(engine, input, { id })));
  for (const { id, result } of all) {
    const { key } = await result({ timeout: 20_000 });
    expect(await pipeline.text(key), id).toBe(whole);
    expect((await artifacts.list(`${id}/`)).map((each) => each.key)).toEqual([key]);
    // Every cut was one: some step took a second attempt.
    expect(Math.max(...(await engine.steps(id)).map(({ attempt }) => attempt)), id).toBe(2);
  }
});

test('rows that vanish between two parts leave a file that is whole', async () => {
  await fillMetrics(pipeline.sql, 'vanish', 20_001);
  const { artifacts, sql } = pipeline;
  const store: ArtifactStore = {
    ...artifacts,
    put: async (key, body) => {
      const stored = await artifacts.put(key, body);
      if (key.includes('/parts/000001'))
        await sql`delete from winner_refresh.pin_metrics where user_id = 'vanish' and day > '2020-01-19'`;
      return stored;
    },
    read: artifacts.read.bind(artifacts),
    delete: artifacts.delete.bind(artifacts),
  };
  const engine = await pipeline.worker(workflows, { artifacts: store });
  const triggered = await triggerExportGenerator(engine, {
    userId: 'vanish',
    exportType: 'pin-metrics',
    format: 'json',
  });
  const { key, rows } = await triggered.result({ timeout: 20_000 });
  expect(rows).toBe(20_000);
  expect(JSON.parse(await pipeline.text(key))).toHaveLength(20_000);
  expect((await artifacts.list(`${triggered.id}/`)).map((each) => each.key)).toEqual([key]);
});

test('a cancelled export stops in the middle of a part', async () => {
  const engine = await pipeline.worker(workflows);
  const triggered = await triggerExportGenerator(engine, { userId: 'many', exportType: 'pin-metrics', format: 'csv' });
  await reached(engine, triggered.id, 'COUNTED');
  await triggered.cancel({ why: 'not needed', wait: 10_000 });
  expect(await triggered.status()).toMatchObject({ status: 'cancelled' });
  await expect(triggered.result()).rejects.toMatchObject({ code: 'INSTANCE_CANCELLED' });
  expect(await pipeline.sql`select from export_generator.exports where instance_key = ${triggered.id}`).toEqual([]);
});
