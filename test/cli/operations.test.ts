import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { userInfo, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operated, Operation, Page } from '../../src/http/types.ts';
import { startServer, type TestServer } from '../http/support/server.ts';
import { run, type Run, type RunOptions } from './support/cli.ts';

let server: TestServer;
let folder: string;
beforeAll(async () => {
  server = await startServer();
  folder = await mkdtemp(join(tmpdir(), 'durachart-moves-'));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const cli = (args: readonly string[], options: RunOptions = {}): Promise<Run> =>
  run(args, { ...options, environment: { DURACHART_URL: server.url } });
/** Runs a command that has to work, and gives what it prints. */
const out = async (...args: string[]): Promise<string> => {
  const done = await cli(args);
  expect(done, args.join(' ')).toMatchObject({ exitCode: 0, err: '' });
  return done.out;
};
const failed = async (id: string): Promise<string> => {
  await server.engine.start('approval', { document: `bad ${id}` } as never, { id });
  await server.engine.result(id).catch(() => {});
  return id;
};
const inState = async (id: string, state: string): Promise<void> => {
  while ((await server.engine.get(id)).state !== state) await setTimeout(5);
};
const JSON_PATCH = '[{"op":"replace","path":"/words","value":9}]';

test('pause and unpause', async () => {
  const id = await server.startedIn('READ', 'pause');
  expect(await out('pause', id)).toBe(`paused ${id}: READ waiting → READ paused\n`);
  expect(await cli(['pause', id])).toMatchObject({
    exitCode: 4,
    err: expect.stringContaining('paused already') as string,
  });
  expect(await out('unpause', id)).toBe(`unpaused ${id}: READ paused → READ waiting\n`);
});

test('skip', async () => {
  const id = await failed('skipped');
  expect(await cli(['skip', id, '--output', '{}'])).toMatchObject({ exitCode: 2 });
  const wrong = await cli(['skip', id, '--step', 'read', '--output', '{"words":"x"}']);
  expect(wrong).toMatchObject({ exitCode: 4, err: expect.stringContaining('output.words') as string });
  expect(await out('skip', id, '--step', 'read', '--output', '{"words":7}')).toMatch(
    /^skipped 1:\S+ of skipped: SUBMITTED failed CONTENT_POLICY_VIOLATION → READ waiting\n$/,
  );
});

test('resume takes up what failed', async () => {
  const id = await failed('resumed');
  server.gate.open('bad resumed');
  expect(await out('resume', id)).toMatch(/^resumed resumed: SUBMITTED failed .* → SUBMITTED running\n$/);
  await inState(id, 'READ');
});

test('rewind lists what may run again', async () => {
  const id = await server.startedIn('READ', 'rewind');
  expect(await cli(['rewind', id])).toMatchObject({ exitCode: 2 });
  expect(await cli(['rewind', id, '--to', '0'])).toMatchObject({ exitCode: 2 });
  expect(await cli(['rewind', id, '--to', '99'])).toMatchObject({ exitCode: 3 });
  const lines = (await out('rewind', id, '--to', '1')).split('\n');
  expect(lines.slice(0, 4)).toEqual([
    `rewound ${id} to transition 1: READ waiting → SUBMITTED running`,
    '',
    'These have had effects since, and may run again:',
    expect.stringMatching(/^STEP +STATUS +ATTEMPTS +KEY$/),
  ]);
  expect(lines[4]).toMatch(/^read +done +1 +1:\S+$/);
});

test('edit takes a patch from the option, a file or standard input', async () => {
  const id = await server.startedIn('READ', 'edit');
  const file = join(folder, 'patch.json');
  await writeFile(file, JSON_PATCH);
  expect(await out('edit', id, '--patch', JSON_PATCH)).toBe(`edited ${id}: READ waiting → READ waiting\n`);
  expect(await out('edit', id, '--patch', `@${file}`)).toContain('edited');
  const piped = await cli(['edit', id, '--patch', '-'], { stdin: '[{"op":"replace","path":"/words","value":10}]' });
  expect(piped).toMatchObject({ exitCode: 0 });
  expect((await server.engine.get(id)).context).toMatchObject({ words: 10 });
  expect(await cli(['edit', id, '--patch', '{'])).toMatchObject({ exitCode: 2 });
  expect(await cli(['edit', id, '--patch', '@/nope'])).toMatchObject({ exitCode: 2 });
  expect(await cli(['edit', id, '--patch', '[{"op":"remove","path":"/nope"}]'])).toMatchObject({
    exitCode: 4,
    err: expect.stringContaining('nothing at /nope') as string,
  });
});

test('fork', async () => {
  const id = await server.startedIn('READ', 'fork');
  expect(await out('fork', id, '--from', '2', '--id', 'a-fork', '--patch', JSON_PATCH)).toBe(
    `forked ${id} from transition 2 as a-fork: READ waiting\n`,
  );
  expect((await server.engine.get('a-fork')).context).toMatchObject({ words: 9 });
  expect(await out('fork', id, '--from', '0', '--id', 'anew', '--input', '{"document":"x"}')).toMatch(
    new RegExp(`^forked ${id} as anew: SUBMITTED running\n$`),
  );
  expect(await cli(['fork', id, '--id', 'a-fork'])).toMatchObject({ exitCode: 4 });
});

test('cancel, by force too', async () => {
  const id = await server.startedIn('READ', 'cancel');
  expect(await out('cancel', id, '--force')).toBe(`cancelled ${id}: READ waiting → READ cancelled\n`);
  expect(await out('cancel', id)).toBe(`${id} is cancelled: READ · cancelled\n`);
});

test('export and import', async () => {
  const id = await server.startedIn('READ', 'export');
  const path = join(folder, 'export.json');
  expect(await cli(['export', id, '-o', path])).toEqual({
    exitCode: 0,
    out: '',
    err: `${path}: 2 transitions, 1 steps\n`,
  });
  expect(await out('export', id)).toContain('"format": "durachart-export"');
  expect((await stat(path)).mode & 0o077).toBe(0);
  expect(await cli(['import', path, '--id', 'imported', '--why', 'to see'])).toEqual({
    exitCode: 0,
    out: `imported ${id} as imported: READ paused\n`,
    err: 'Nothing of it runs until: durachart unpause imported\n',
  });
  expect(await out('unpause', 'imported')).toBe('unpaused imported: READ paused → READ waiting\n');
  const piped = await cli(['import', '-', '--json', '--from', '1'], { stdin: (await cli(['export', id])).out });
  expect(JSON.parse(piped.out)).toMatchObject({ instance: { state: 'SUBMITTED', status: 'paused' } });
  expect(await cli(['export', id, '-o', folder])).toMatchObject({ exitCode: 2 });
  expect(await cli(['import', join(folder, 'nope')])).toMatchObject({ exitCode: 2 });
  expect(await cli(['import', '-'], { stdin: '{}' })).toMatchObject({
    exitCode: 4,
    err: expect.stringContaining('document.format') as string,
  });
  expect(await cli(['import', path, '--id', 'imported'])).toMatchObject({ exitCode: 4 });
});

describe('who and why', () => {
  test('are recorded and shown', async () => {
    const id = await server.startedIn('READ', 'who');
    await out('pause', id, '--why', 'to look at it', '--key', 'k');
    await out('pause', id, '--why', 'to look at it', '--key', 'k');
    await out('unpause', id, '--by', 'ada');
    const lines = (await out('operations', id)).trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^ *# +WHEN +WHAT +WHO +WHY +FROM → TO +OUTCOME$/);
    expect(lines[1]).toMatch(/unpause +ada +READ paused → READ waiting +applied$/);
    expect(lines[2]).toMatch(
      new RegExp(`pause +${userInfo().username} +to look at it +READ waiting → READ paused +applied$`),
    );
    expect(JSON.parse(await out('operations', id, '--json', '--limit', '1')) as Page<Operation>).toMatchObject({
      items: [{ operation: 'unpause', by: 'ada' }],
      next: expect.any(String) as string,
    });
  });

  test('nothing was done, or there is no such instance', async () => {
    expect(await out('operations', await server.startedIn('READ', 'nothing'))).toBe('Nothing was done by hand.\n');
    for (const args of [
      ['operations', 'nope'],
      ['resume', 'nope'],
      ['skip', 'nope', '--step', 'x'],
      ['rewind', 'nope', '--to', '1'],
      ['edit', 'nope', '--patch', '[]'],
      ['fork', 'nope'],
      ['export', 'nope'],
      ['pause', 'nope'],
      ['unpause', 'nope'],
    ])
      expect((await cli(args)).exitCode, args.join(' ')).toBe(3);
  });
});

test('--json prints what the API answers', async () => {
  const id = await server.startedIn('READ', 'json');
  expect(JSON.parse(await out('pause', id, '--json')) as Operated).toMatchObject({
    operation: { operation: 'pause', status: 'applied' },
    instance: { id, status: 'paused' },
  });
});

test('what nobody has come to yet is said', async () => {
  const idle = await startServer({ work: false });
  try {
    const { id } = await idle.engine.start('approval', { document: 'idle' } as never);
    const asked = await run(['pause', id, '--wait', '0'], { environment: { DURACHART_URL: idle.url } });
    expect(asked).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(
        /: pause is asked for, as operation 1; nobody has come to it yet\nNo live worker runs workflow approval, and a step is due for .*: start one with `durachart server`\.\n$/,
      ) as string,
    });
  } finally {
    await idle.close();
  }
});

test('what explain offers is what can be typed', async () => {
  const paused = await server.startedIn('READ', 'offers');
  await out('pause', paused);
  const commands: string[] = [];
  for (const id of [await failed('offered'), paused, await server.startedIn('READ', "o'ffers")]) {
    const { operations } = await server.engine.explain(id);
    commands.push(...operations.map(({ command }) => command));
  }
  const names = new Set(commands.map((command) => command.split(' ')[1]));
  for (const name of ['retry', 'resume', 'skip', 'edit', 'rewind', 'fork', 'pause', 'unpause', 'cancel', 'send'])
    expect(names).toContain(name);
  for (const command of commands) {
    const { stdout } = await promisify(execFile)('sh', [
      '-c',
      `for word in ${command}; do printf '%s\\0' "$word"; done`,
    ]);
    const [, ...args] = stdout.split('\0').slice(0, -1);
    // With nobody to talk to, what is understood ends with just that.
    const { exitCode, err } = await run(args, { environment: { DURACHART_URL: 'http://127.0.0.1:9' } });
    expect(exitCode, `${command} ${err}`).toBe(5);
  }
});
