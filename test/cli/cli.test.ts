import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Instance } from '../../src/http/types.ts';
import { startServer, type TestServer } from '../http/support/server.ts';
import { run, type Run, type RunOptions } from './support/cli.ts';

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startServer();
  folder = await mkdtemp(join(tmpdir(), 'durachart-cli-'));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command against the server of this file. */
const cli = (args: readonly string[], options: RunOptions = {}): Promise<Run> =>
  run(args, {
    ...options,
    environment: { DURACHART_URL: server.url, ...options.environment },
  });
const start = (document: string, ...more: string[]): Promise<Run> =>
  cli(['start', 'approval', '--input', JSON.stringify({ document }), ...more]);

describe('start', () => {
  test('takes its input from an option, a file or standard input', async () => {
    const file = join(folder, 'input.json');
    await writeFile(file, '{"document":"from a file"}');
    expect(await start('x', '--id', 'from-option')).toEqual({
      exitCode: 0,
      out: 'started approval from-option\n',
      err: '',
    });
    expect(await cli(['start', 'approval', '--input-file', file, '--id', 'from-file'])).toMatchObject({ exitCode: 0 });
    for (const [option, id] of [
      ['--input', 'stdin-1'],
      ['--input-file', 'stdin-2'],
    ] as const) {
      expect(
        await cli(['start', 'approval', option, '-', '--id', id], { stdin: '{"document":"from stdin"}' }),
      ).toMatchObject({ exitCode: 0 });
      expect(await server.engine.get(id)).toMatchObject({ input: { document: 'from stdin' } });
    }
    expect(await server.engine.get('from-file')).toMatchObject({ input: { document: 'from a file' } });
  });

  test('with a key is safe to repeat', async () => {
    const first = await start(
      'keyed',
      '--key',
      'k',
      '--json',
      '--tag',
      'a',
      '--tag',
      'b',
      '--priority',
      '9',
      '--tenant',
      'acme',
    );
    const { id } = JSON.parse(first.out) as Instance;
    expect(JSON.parse(first.out)).toMatchObject({ workflow: 'approval', created: true });
    expect(await start('keyed', '--key', 'k', '--tenant', 'acme')).toMatchObject({
      exitCode: 0,
      out: `already there: approval ${id}\n`,
    });
    expect(await start('other', '--key', 'k', '--tenant', 'acme')).toMatchObject({
      exitCode: 4,
      err: expect.stringContaining('idempotency key') as string,
    });
    expect(await server.engine.get(id)).toMatchObject({ tags: ['a', 'b'], priority: 9, tenant: 'acme' });
  });

  test('--wait shows what it does, prints the output, and tells by its exit code', async () => {
    let sent = false;
    const done = await cli(['start', 'approval', '--id', 'waited', '--input', '{"document":"flaky w"}', '--wait'], {
      onOutput: (text) => {
        if (sent || !text.includes('→ READ')) return;
        sent = true;
        void server.engine.send('waited', { type: 'approve', by: 'ada' });
      },
    });
    expect(done).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(done.out)).toEqual({ words: 2, by: 'ada' });
    expect(done.err).toMatch(
      /SUBMITTED\n(.|\n)*SUBMITTED → READ {2}read, attempt 2, \d+ms\n(.|\n)*READ → APPROVED {2}approve\ndone in APPROVED after /,
    );

    const failed = await start('bad wait', '--wait');
    expect(failed).toMatchObject({ exitCode: 6, out: '' });
    expect(failed.err).toContain('failed in SUBMITTED');
    expect(failed.err).toContain('CONTENT_POLICY_VIOLATION: No: bad wait');
    const json = await start('bad wait', '--wait', '--json');
    expect(json).toMatchObject({ exitCode: 6, err: '' });
    expect(JSON.parse(json.out)).toMatchObject({ status: 'failed', error: { code: 'CONTENT_POLICY_VIOLATION' } });
  });

  test('says what is wrong', async () => {
    expect(await cli(['start', 'nope'])).toMatchObject({
      exitCode: 3,
      err: expect.stringContaining('approval') as string,
    });
    const wrong = await cli(['start', 'approval', '--input', '{"document":1}']);
    expect(wrong).toMatchObject({ exitCode: 4, out: '' });
    expect(wrong.err).toMatch(/^durachart: .*\n {2}input\.document: Invalid input: expected string/);
    const json = await cli(['start', 'approval', '--input', '{"document":1}', '--json']);
    expect(JSON.parse(json.err)).toMatchObject({
      error: { exitCode: 4, code: 'INVALID_INPUT', errors: [{ path: 'input.document' }] },
    });
    for (const args of [
      ['--input', '{'],
      ['--input-file', join(folder, 'nope')],
      ['--input', '{}', '--input-file', '-'],
      ['--priority', '10'],
      ['--at', 'soon'],
      ['--id', 'a', '--key', 'b'],
    ]) {
      expect(await cli(['start', 'approval', ...args]), args.join(' ')).toMatchObject({ exitCode: 2, out: '' });
    }
  });
});

describe('list and show', () => {
  test('name state, running step, attempt and how long', async () => {
    const id = await server.halfDone('hold list');
    const startedAt = (await server.engine.get(id)).steps[0]?.startedAt?.getTime() ?? 0;
    const now = new Date(startedAt + 12_000);
    const list = await cli(['list', '--status', 'running'], { now });
    expect(list.out).toMatch(/^ID +WORKFLOW +STATUS +STATE +SINCE +STARTED\n/);
    const line = list.out.split('\n').find((each) => each.startsWith(id));
    expect(line).toMatch(
      / {2}approval {2}running {2}SUBMITTED · read running 50%, attempt 1 of 3, 12s {2}\d+s ago {2}\d+s ago$/,
    );
    const show = await cli(['show', id], { now });
    expect(show.out).toContain('state     SUBMITTED · read running 50%, attempt 1 of 3, 12s\n');
    expect(show.out).toContain('accepts   remind\n');
    expect(show.out).toMatch(/read {2}running 50% {2}1 of 3 +12s +half of it/);
    server.gate.open('hold list');
  });

  test('print JSON for programs', async () => {
    const id = await server.startedIn('READ', 'json');
    const list = await cli(['list', '--json', '--workflow', 'approval', '--state', 'READ', '--limit', '1']);
    expect(JSON.parse(list.out)).toMatchObject({ items: [{ id, state: 'READ', status: 'waiting' }] });
    expect(JSON.parse((await cli(['show', id, '--json'])).out)).toMatchObject({
      id,
      invocations: [{ step: 'read', output: { words: 1 } }],
    });
    expect(JSON.parse((await cli(['history', id, '--json'])).out)).toMatchObject({
      items: [{ sequence: 1 }, { sequence: 2 }],
    });
    expect(JSON.parse((await cli(['workflows', '--json'])).out)).toMatchObject({ items: [{ name: 'approval' }] });
    expect(JSON.parse((await cli(['workflows', 'approval', '--json'])).out)).toMatchObject({
      name: 'approval',
      states: expect.any(Array) as string[],
    });
  });

  test('fit the terminal, and have colours only where they are shown', async () => {
    await server.startedIn('READ', 'narrow');
    const narrow = await cli(['list'], { columns: 80 });
    for (const line of narrow.out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    for (const line of (await cli(['list'], { columns: 30 })).out.split('\n'))
      expect(line.length).toBeLessThanOrEqual(30);
    expect(narrow.out).toContain('…');
    expect(narrow.out).not.toContain('\u001b');
    expect((await cli(['list'], { columns: 200, colors: true })).out).toContain('\u001b[33mwaiting');
    expect((await cli(['list'])).out).not.toContain('…');
  });

  test('show nothing that a terminal would obey', async () => {
    const nasty = 'bad \u001b[31mred\u0007\u009b2J\u202eesrever\r\nnext';
    const { id } = await server.engine.start('approval', { document: nasty } as never, {
      tags: ['\u001b]0;title\u0007'],
    });
    await server.engine.result(id).catch(() => {});
    for (const args of [
      ['show', id],
      ['show', id, '--json'],
      ['list', '--json'],
      ['list'],
      ['history', id],
      ['watch', id],
      ['watch', id, '--json'],
    ]) {
      const { out, err } = await cli(args);
      // oxlint-disable-next-line no-control-regex -- they are what it looks for
      expect(out + err, args.join(' ')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    }
    expect(JSON.parse((await cli(['show', id, '--json'])).out)).toMatchObject({ input: { document: nasty } });
  });

  test('history tells events as people know them', async () => {
    const id = await server.startedIn('READ', 'flaky history');
    const { out } = await cli(['history', id]);
    expect(out).toMatch(
      /^#  AT +STATE +EVENT  STEP  ATTEMPT  TOOK  ERROR\n1 .*SUBMITTED  start\n2 .*READ {7}done {3}read {8}2 +\d+ms\n$/,
    );
  });
});

describe('send, cancel and retry', () => {
  test('move an instance, or say why not', async () => {
    const id = await server.startedIn('READ', 'move');
    const notTaken = await cli([
      'send',
      await server.startedIn('running', 'hold send'),
      'approve',
      '--payload',
      '{"by":"ada"}',
    ]);
    expect(notTaken).toMatchObject({ exitCode: 4, err: expect.stringContaining('It takes: remind') as string });
    server.gate.open('hold send');
    expect(await cli(['send', id, 'explode'])).toMatchObject({ exitCode: 4 });
    expect(await cli(['send', 'nope', 'approve'])).toMatchObject({ exitCode: 3 });
    expect(await cli(['send', id, 'approve', '--payload', '[]'])).toMatchObject({ exitCode: 2 });
    expect(await cli(['send', id, 'approve', '--payload', '{"type":"x"}'])).toMatchObject({ exitCode: 2 });
    expect(await cli(['send', id, 'remind', '--key', 'r'])).toMatchObject({
      exitCode: 0,
      out: `sent remind to ${id}\n`,
    });
    expect(await cli(['send', id, 'remind', '--key', 'r'])).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining('already sent') as string,
    });
    expect(await cli(['retry', id])).toMatchObject({
      exitCode: 4,
      err: expect.stringContaining('only a failed one') as string,
    });
    expect(
      await cli(['send', id, 'approve', '--wait', '10', '--payload-file', '-'], { stdin: '{"by":"ada"}' }),
    ).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/; taken by transition \d+, into APPROVED\n$/) as string,
    });
    expect(await server.engine.result(id)).toEqual({ words: 1, by: 'ada' });
    expect(await cli(['cancel', id])).toMatchObject({ exitCode: 0, out: `${id} is done: APPROVED\n` });
    const other = await server.startedIn('READ', 'cancel');
    expect(await cli(['cancel', other])).toMatchObject({ exitCode: 0 });
    await expect(server.engine.result(other)).rejects.toMatchObject({ code: 'INSTANCE_CANCELLED' });
    expect(await cli(['watch', other])).toMatchObject({ exitCode: 6 });
  });

  test('retry lets a failed instance go on', async () => {
    const { id } = await server.engine.start('approval', { document: 'bad retry' } as never);
    await server.engine.result(id).catch(() => {});
    server.gate.open('bad retry');
    expect(await cli(['retry', id])).toMatchObject({
      exitCode: 0,
      out: `retried ${id}: SUBMITTED failed CONTENT_POLICY_VIOLATION → SUBMITTED running\n`,
    });
    for await (const change of server.engine.subscribe({ id, after: '0' }))
      if (change.type === 'transition' && change.entry.to === 'READ') break;
  });
});

describe('upload', () => {
  test('gives the key, and the checksum', async () => {
    const file = join(folder, 'Mein Film.mp4');
    await writeFile(file, 'film');
    const plain = await cli(['upload', file]);
    expect(plain.out).toMatch(/^uploads\/[0-9a-f-]{36}\/Mein-Film\.mp4\n$/);
    expect(plain.err).toMatch(/^4 B, sha256 [0-9a-f]{64}\n$/);
    expect(JSON.parse((await cli(['upload', file, '--name', 'x.mp4', '--json'])).out)).toMatchObject({
      size: 4,
      key: expect.stringMatching(/x\.mp4$/) as string,
    });
    expect(await cli(['upload', join(folder, 'nope')])).toMatchObject({ exitCode: 2 });
    expect(await cli(['upload', folder])).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('not a file') as string,
    });
  });
});

describe('in general', () => {
  test('no server is exit code 5', async () => {
    const environment = { DURACHART_URL: 'http://127.0.0.1:9' };
    for (const args of [['list'], ['show', 'x'], ['watch'], ['watch', 'x'], ['start', 'x'], ['upload', '/dev/null']]) {
      const { exitCode } = await run(args, { environment });
      expect(exitCode, args.join(' ')).toBe(args[0] === 'upload' ? 2 : 5);
    }
    expect(await cli(['list', '--url', 'http://127.0.0.1:9', '--json'])).toMatchObject({
      exitCode: 5,
      err: expect.stringContaining('UNREACHABLE') as string,
    });
  });

  test('what is not there is exit code 3', async () => {
    for (const args of [
      ['show', 'nope'],
      ['history', 'nope'],
      ['send', 'nope', 'x'],
      ['cancel', 'nope'],
      ['retry', 'nope'],
      ['watch', 'nope'],
      ['workflows', 'nope'],
      ['show', "it's"],
      ['show', 'a\0b'],
      ['show', '\ud800'],
    ]) {
      expect((await cli(args)).exitCode, args.join(' ')).toBe(3);
    }
  });

  test('wrong usage is exit code 2', async () => {
    for (const args of [
      ['nope'],
      ['show'],
      ['list', '--nope'],
      ['list', '--limit', '0'],
      ['list', '--status', 'x'],
      ['show', 'a', 'b'],
    ]) {
      expect((await cli(args)).exitCode, args.join(' ')).toBe(2);
    }
    const { exitCode, err } = await cli(['list'], {
      environment: { DURACHART_PORT: 'x', DURACHART_API_TOKEN: 's3cret' },
    });
    expect(exitCode).toBe(2);
    expect(err).toContain('DURACHART_PORT');
    expect(err).toContain('DURACHART_API_TOKEN');
    expect(err).not.toContain('s3cret');
  });

  test('the token is sent, and asked for', async () => {
    const token = 'a-token-of-16-or-more';
    const secured = await startServer({ work: false, token });
    try {
      const environment = { DURACHART_URL: secured.url };
      expect(await run(['list'], { environment })).toMatchObject({
        exitCode: 4,
        err: expect.stringContaining('DURACHART_API_TOKEN') as string,
      });
      expect(await run(['list'], { environment: { ...environment, DURACHART_API_TOKEN: token } })).toMatchObject({
        exitCode: 0,
        out: 'No instances.\n',
      });
    } finally {
      await secured.close();
    }
  });

  test('help tells commands, environment and exit codes', async () => {
    const { exitCode, out } = await cli(['--help']);
    expect(exitCode).toBe(0);
    for (const word of [
      'server',
      'migrate',
      'workflows',
      'start',
      'list',
      'show',
      'history',
      'send',
      'cancel',
      'retry',
      'resume',
      'skip',
      'rewind',
      'fork',
      'edit',
      'pause',
      'unpause',
      'operations',
      'export',
      'import',
      'watch',
      'upload',
      'sql',
      'Exit codes:',
      'DURACHART_URL',
    ]) {
      expect(out).toContain(word);
    }
    expect(await cli(['--version'])).toMatchObject({ exitCode: 0, out: '1.2.3\n' });
    expect(await cli([])).toMatchObject({ exitCode: 2 });
  });

  test('server and migrate are the host’s', async () => {
    const called: string[] = [];
    const host = { serve: async () => void called.push('serve'), migrate: async () => 'two migrations' };
    expect(await cli(['server'], { host })).toMatchObject({ exitCode: 0 });
    expect(await cli(['migrate'], { host })).toMatchObject({ exitCode: 0, out: 'two migrations\n' });
    expect(called).toEqual(['serve']);
    const failing = { serve: () => Promise.reject(new Error('no port')) };
    expect(await cli(['server'], { host: failing })).toMatchObject({ exitCode: 1, err: 'durachart: no port\n' });
  });
});
