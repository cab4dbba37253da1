import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BulkBatch } from '../../src/http/types.ts';
import { startServer, type TestServer } from '../http/support/server.ts';
import { run, type Run, type RunOptions } from './support/cli.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const cli = (args: readonly string[], options: RunOptions = {}): Promise<Run> =>
  run(args, { ...options, environment: { DURACHART_URL: server.url } });

/** Instances with a tag, of which some failed and some wait in READ. */
async function some(tag: string, failed: number, waiting: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < failed + waiting; i++) {
    const id = `${tag}-${i}`;
    await server.engine.start('approval', { document: i < failed ? `bad ${tag}` : 'good' } as never, {
      id,
      tags: [tag],
    });
    ids.push(id);
  }
  for (const [i, id] of ids.entries())
    while ((await server.engine.get(id)).status !== (i < failed ? 'failed' : 'waiting')) await setTimeout(5);
  server.gate.open(`bad ${tag}`);
  return ids;
}

test('counts, asks, shows progress, and lists the refusals by reason', async () => {
  const ids = await some('asked', 3, 2);
  const done = await cli(['retry', '--tag', 'asked', '--batch', '2', '--why', 'mended', '--key', 'k'], {
    answer: true,
  });
  expect(done).toMatchObject({ exitCode: 0 });
  expect(done.out.split('\n').map((line) => line.trimEnd())).toEqual([
    '5 instances:',
    'WORKFLOW  STATUS   STATE      INSTANCES  LEGAL  REFUSED',
    'approval  waiting  READ               2      0  2 NOT_FAILED',
    'approval  failed   SUBMITTED          3      3',
    '',
    'REFUSED  CODE        FOR EXAMPLE',
    expect.stringMatching(/^ {6}2 {2}NOT_FAILED {2}asked-4: .*only a failed one/) as string,
    '',
  ]);
  expect(done.err).toBe(
    [
      'retry 5 instances?',
      'If this is interrupted, the same command with --key k goes on; nothing is done twice.',
      'retry: 0 of 2 instances, 2 refused',
      'retry: 2 of 4 instances, 2 refused',
      'retry: 3 of 5 instances, 2 refused',
      '',
    ].join('\n'),
  );
  for (const id of ids.slice(0, 3)) while ((await server.engine.get(id)).state !== 'READ') await setTimeout(5);
  expect((await server.engine.operations({ targetId: 'asked-0' })).items).toMatchObject([
    { why: 'mended', key: 'k asked-0' },
  ]);
});

test('does nothing without a yes', async () => {
  await some('no', 1, 0);
  const no = await cli(['retry', '--tag', 'no'], { answer: false });
  expect(no).toMatchObject({ exitCode: 0, err: 'retry 1 instance?\nNothing was done.\n' });
  const nobody = await cli(['retry', '--tag', 'no']);
  expect(nobody).toMatchObject({
    exitCode: 2,
    err: expect.stringContaining('say --yes to retry 1 instance') as string,
  });
  expect(await cli(['retry', '--tag', 'no', '--dry-run'])).toMatchObject({
    exitCode: 0,
    err: '',
    out: expect.stringContaining('1 instance:') as string,
  });
  expect((await server.engine.operations({ targetId: 'no-0' })).items).toEqual([]);
});

test('--json prints the sum, with the key; a second time with that key nothing is done', async () => {
  const ids = await some('json', 0, 3);
  const pause = async (...more: string[]): Promise<BulkBatch> => {
    const done = await cli(['pause', '--tag', 'json', '--yes', '--json', '--batch', '2', ...more]);
    expect(done).toMatchObject({ exitCode: 0 });
    return JSON.parse(done.out) as BulkBatch;
  };
  const first = await pause();
  expect(first).toMatchObject({ matched: 3, applied: 3, requested: 0, refused: [] });
  expect(await pause('--key', first.key)).toEqual(first);
  for (const id of ids) expect((await server.engine.operations({ targetId: id })).items).toHaveLength(1);
  expect(JSON.parse((await cli(['unpause', '--tag', 'json', '--dry-run', '--json'])).out)).toMatchObject({
    matched: 3,
    states: [{ legal: 3 }],
  });
});

test('with all of them refused it is exit code 4', async () => {
  await some('refused', 0, 2);
  expect(await cli(['resume', '--tag', 'refused', '--yes'])).toMatchObject({
    exitCode: 4,
    out: expect.stringContaining('NOT_STUCK') as string,
  });
  expect(await cli(['resume', '--tag', 'nobody', '--yes'])).toMatchObject({ exitCode: 0, out: 'No instances.\n' });
});

test('takes the arguments of the operation', async () => {
  const ids = await some('skip', 2, 0);
  expect(await cli(['skip', '--tag', 'skip', '--step', 'read', '--output', '{"words":3}', '--yes'])).toMatchObject({
    exitCode: 0,
  });
  for (const id of ids) expect(await server.engine.get(id)).toMatchObject({ state: 'READ', context: { words: 3 } });
  expect(await cli(['cancel', '--tag', 'skip', '--force', '--yes'])).toMatchObject({ exitCode: 0 });
});

test('wants an id or filters, not both and not none', async () => {
  for (const args of [
    [],
    ['x', '--tag', 'y'],
    ['x', '--all'],
    ['x', '--dry-run'],
    ['--yes'],
    ['--tag', 'x', '--batch', '0'],
  ])
    expect(await cli(['retry', ...args]), args.join(' ')).toMatchObject({ exitCode: 2 });
  expect(await cli(['unpause', '--all', '--dry-run'])).toMatchObject({ exitCode: 0 });
});
