import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useConfig } from '../../../machines/video-processing/config.ts';
import { createFolder, createTables, Job, runStep, SAMPLES, settings } from './support.ts';

let tables: Awaited<ReturnType<typeof createTables>>;
beforeAll(async () => {
  tables = await createTables();
});
afterAll(() => tables.drop());

/** The delivered drafts as Markdown. */
const pack = (box: Awaited<ReturnType<typeof createFolder>>, instance: string) =>
  Promise.all(
    ['newsletter', 'blog', 'twitter', 'linkedin'].map((name) =>
      readFile(join(box.folder, 'artifacts', instance, 'pack', `${name}.md`), 'utf8'),
    ),
  );

const HAPPY = [
  'RECEIVED',
  'VALIDATED',
  'INGESTED',
  'TRANSCRIBED',
  'INSIGHTS',
  'DRAFTED',
  'REVIEWED',
  'DELIVERED',
  'STORED',
  'ANALYTICS_LOGGED',
];

test('the sample video goes all the way without a key', async () => {
  await using box = await createFolder();
  useConfig(settings());
  const { sql } = tables;
  const job = await new Job(
    { workspaceId: 'happy', source: 'long-jobs.mp4', transcript: 'long-jobs.vtt' },
    { artifacts: box.artifacts, sql, instance: 'happy-1' },
  ).settle();

  expect(job.context.failure).toBeNull();
  expect(job.context.review).toMatchObject({ verdict: 'pass', reasons: [] });
  expect(job.states).toEqual(HAPPY);
  expect(job.output).toMatchObject({ workspaceId: 'happy', manifest: 'happy-1/pack/manifest.json', files: 15 });
  expect(job.context.media).toMatchObject({
    container: 'MPEG-4',
    mimeType: 'video/mp4',
    seconds: 22.834,
    title: 'What makes long jobs survive crashes',
    video: { codec: 'AVC', width: 1280, height: 720 },
    audio: { codec: 'AAC', channels: 1 },
  });

  const rows =
    await sql`select key, kind, bytes, sha256, retained_until > now() + interval '89 days' as kept from video_processing.artifacts where instance_key = 'happy-1'`;
  expect(rows).toHaveLength(20);
  expect(rows.every((row) => row['kept'])).toBe(true);
  for (const row of rows) {
    const bytes = await readFile(join(box.folder, 'artifacts', row['key'] as string));
    expect(bytes.length).toBe(Number(row['bytes']));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(row['sha256']);
  }
  const source = rows.find((row) => row['kind'] === 'source');
  expect(source?.['sha256']).toBe(
    createHash('sha256')
      .update(await readFile(join(SAMPLES, 'long-jobs.mp4')))
      .digest('hex'),
  );

  const analytics =
    await sql`select step, runs, counts from video_processing.analytics where instance_key = 'happy-1' order by step`;
  expect(analytics.map((row) => row['step'])).toEqual([
    'deliver',
    'draft-blog',
    'draft-linkedin',
    'draft-newsletter',
    'draft-twitter',
    'generate-insights',
    'ingest',
    'review',
    'store',
    'transcribe',
    'validate',
  ]);
  expect(analytics.find((row) => row['step'] === 'transcribe')?.['counts']).toEqual({ words: 77 });
  expect(await sql`select used, quota from video_processing.workspaces where id = 'happy'`).toMatchObject([
    { used: 1, quota: 100 },
  ]);
});

test('without transcript and key it waits, and goes on when one is sent', async () => {
  await using box = await createFolder();
  useConfig(settings());
  const world = { artifacts: box.artifacts, sql: tables.sql, instance: 'waits-1' };
  const job = await new Job({ workspaceId: 'waits', source: 'long-jobs.mp4' }, world).settle();
  expect(job.state).toBe('NEEDS_USER_INPUT');
  expect(job.context.transcriptReason).toMatch(/GEMINI_API_KEY/);
  await job.send({ type: 'TRANSCRIPT_PROVIDED', text: 'hm' });
  expect(job.state).toBe('NEEDS_USER_INPUT');
  expect(job.context.transcriptReason).toMatch(/has 1 words/);
  await job.send({ type: 'TRANSCRIPT_PROVIDED', source: '../package.json' });
  expect(job.context.transcriptReason).toMatch(/no .vtt, .srt or .txt file/);
  await job.send({
    type: 'TRANSCRIPT_PROVIDED',
    text: await readFile(join(SAMPLES, 'long-jobs.vtt'), 'utf8'),
    format: 'vtt',
  });
  expect(job.state).toBe('ANALYTICS_LOGGED');
  expect(job.context.transcript?.key).toBe('waits-1/transcript-4.json');
});

test('the quota counts each instance once, and blocks the next', async () => {
  await using box = await createFolder();
  useConfig(settings({ defaultQuota: 1 }));
  const { sql } = tables;
  const start = (instance: string) =>
    new Job(
      { workspaceId: 'small', source: 'long-jobs.mp4', transcript: 'long-jobs.vtt' },
      { artifacts: box.artifacts, sql, instance },
    );
  expect((await start('small-1').settle()).state).toBe('ANALYTICS_LOGGED');
  // The same instance once more: another attempt whose first result was lost.
  expect((await start('small-1').settle()).state).toBe('ANALYTICS_LOGGED');
  const second = await start('small-2').settle();
  expect(second.state).toBe('BLOCKED_ENTITLEMENT');
  expect(second.context.failure?.message).toContain('has used 1 of 1');
  expect(await sql`select used from video_processing.workspaces where id = 'small'`).toEqual([{ used: 1 }]);
  await sql`update video_processing.workspaces set quota = 2 where id = 'small'`;
  expect((await second.send({ type: 'RETRY' })).state).toBe('ANALYTICS_LOGGED');
  expect(await sql`select used from video_processing.workspaces where id = 'small'`).toEqual([{ used: 2 }]);
});

test('ten at once on the last place of a quota: one gets it', async () => {
  await using box = await createFolder();
  useConfig(settings({ defaultQuota: 1 }));
  const tries = Array.from({ length: 10 }, (_, index) =>
    runStep(
      'validate',
      { workspaceId: 'race', source: 'long-jobs.mp4' },
      { artifacts: box.artifacts, sql: tables.sql, instance: `race-${index}` },
    ),
  );
  const results = await Promise.allSettled(tries);
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const codes = results.flatMap((result) =>
    result.status === 'rejected' ? [(result.reason as { code: string }).code] : [],
  );
  expect(codes).toEqual(Array.from({ length: 9 }, () => 'QUOTA_EXCEEDED'));
  expect(await tables.sql`select used from video_processing.workspaces where id = 'race'`).toEqual([{ used: 1 }]);
});

test('a bad source fails the validation; a corrected one goes through', async () => {
  await using box = await createFolder();
  useConfig(settings());
  const job = await new Job(
    { workspaceId: 'bad', source: 'no-such.mp4', transcript: 'long-jobs.vtt' },
    { artifacts: box.artifacts, sql: tables.sql, instance: 'bad-1' },
  ).settle();
  expect(job.state).toBe('FAILED_VALIDATION');
  await job.send({ type: 'RETRY', source: 'long-jobs.vtt' });
  expect(job.context.failure).toMatchObject({ state: 'VALIDATED', code: 'INVALID_INPUT' });
  expect((await job.send({ type: 'RETRY', source: 'long-jobs.mp4', title: 'Fixed' })).state).toBe('ANALYTICS_LOGGED');
  expect(await readFile(join(box.folder, 'artifacts/bad-1/pack/index.md'), 'utf8')).toMatch(/^# Fixed/);
});

describe('a transcript with an e-mail address', () => {
  const RISKY =
    'Long jobs fail in the middle. Write to ada@example.com when a worker dies and a database restarts. Durable statecharts change that. Every transition is written to Postgres before anything else happens. When a worker crashes, another worker reads the last transition and goes on. So a long job survives every crash.';
  const start = async (instance: string, artifacts: Awaited<ReturnType<typeof createFolder>>['artifacts']) => {
    useConfig(settings());
    const job = await new Job(
      { workspaceId: 'risky', source: 'long-jobs.mp4', transcript: { text: RISKY } },
      { artifacts, sql: tables.sql, instance },
    ).settle();
    expect(job.state).toBe('REQUIRES_MANUAL_REVIEW');
    expect(job.context.review?.risky).toEqual(['ada@example.com']);
    return job;
  };

  test('is delivered as it is when a person approves', async () => {
    await using box = await createFolder();
    const job = await start('risky-1', box.artifacts);
    expect((await job.send({ type: 'REVIEW_APPROVED' })).state).toBe('ANALYTICS_LOGGED');
    expect((await pack(box, 'risky-1')).join()).toContain('ada@example.com');
  });
  test('is written anew without it when a person rejects', async () => {
    await using box = await createFolder();
    const job = await start('risky-2', box.artifacts);
    expect((await job.send({ type: 'REVIEW_REJECTED', reason: 'No addresses' })).state).toBe('ANALYTICS_LOGGED');
    expect(job.states).toContain('REQUIRES_MANUAL_REVIEW');
    expect((await pack(box, 'risky-2')).join()).not.toContain('ada@example.com');
  });
  test('takes the text of a person who edits, and checks it', async () => {
    await using box = await createFolder();
    const job = await start('risky-3', box.artifacts);
    const text =
      'A text of my own that has enough words to pass the check of its length, and that is easy to read. Nothing else is in it, and nobody is named.';
    await job.send({
      type: 'REVIEW_EDITED',
      drafts: { newsletter: `${text} 1`, blog: `${text} Mail bob@example.com`, linkedin: text },
    });
    expect(job.state).toBe('REQUIRES_MANUAL_REVIEW');
    expect(job.context.review?.risky).toContain('bob@example.com');
    await job.send({ type: 'REVIEW_EDITED', drafts: { blog: text, twitter: [text] } });
    expect(job.state).toBe('ANALYTICS_LOGGED');
    expect(await pack(box, 'risky-3')).toEqual([`${text} 1\n`, `${text}\n`, `${text}\n\n1/1\n`, `${text}\n`]);
  });
});

test('an instance with an id that is no file name keeps its files in a folder of its own', async () => {
  await using box = await createFolder();
  useConfig(settings());
  const job = await new Job(
    { workspaceId: 'odd', source: 'long-jobs.mp4', transcript: 'long-jobs.vtt' },
    { artifacts: box.artifacts, sql: tables.sql, instance: `../o'dd "id"/ü` },
  ).settle();
  expect(job.state).toBe('ANALYTICS_LOGGED');
  expect(job.context.manifest).toMatch(/^-o-dd-id--[0-9a-f]{12}\/pack\/manifest\.json$/);
});
