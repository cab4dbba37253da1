import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shapeOf } from '../../src/cli/explain.ts';
import { width, wrap } from '../../src/cli/text.ts';
import type { Explanation, Preview } from '../../src/http/types.ts';
import { standing } from '../support/engine.ts';
import { startServer, type TestServer } from '../http/support/server.ts';
import { run, type Run, type RunOptions } from './support/cli.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const cli = (args: readonly string[], options: RunOptions = {}): Promise<Run> =>
  run(args, { ...options, environment: { DURACHART_URL: server.url } });

async function failed(document: string, id?: string): Promise<string> {
  const started = await server.engine.start('approval', { document } as never, id === undefined ? {} : { id });
  await standing(server.engine, started.id, 'failed');
  return started.id;
}

describe('explain', () => {
  test('of a failed instance: what failed, where, and what helps, as commands', async () => {
    const id = await failed('bad text', 'bad-1');
    const [{ key } = { key: '' }] = (await server.engine.get(id)).steps;
    const { exitCode, out } = await cli(['explain', id]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^bad-1 {2}approval\nfailed in SUBMITTED since .+, transition 1\n\nFAILED\n/);
    expect(out).toContain(
      '  Step read failed for good in attempt 1 of 3: CONTENT_POLICY_VIOLATION, No: bad text.\n    at ',
    );
    expect(out).toMatch(/\nWhat helps\n {2}durachart retry bad-1\n {4}Gives what failed fresh attempts\.\n/);
    expect(out).toContain(`  durachart skip bad-1 --step ${key} --output '{"words":0}'\n`);
    expect(out).toMatch(/\nWhat else is possible\n {2}durachart fork bad-1 --from 1\n/);
    // Nothing is listed twice.
    const commands = out.split('\n').filter((line) => line.startsWith('  durachart '));
    expect(new Set(commands).size).toBe(commands.length);
  });

  test('of a waiting one: the events with the form of their payloads', async () => {
    const id = await server.startedIn('READ', 'good');
    const { out } = await cli(['explain', id]);
    expect(out).toContain('\nWAITING\n  It waits for approve, reject or remind.\n');
    expect(out).toMatch(/\n {2}approve {2}\{ by: string \}\n/);
    expect(out).toMatch(/\n {2}reject {3}anything\n/);
    expect(out).toContain(`\n  durachart send ${id} approve --payload '{"by":"…"}'\n`);
  });

  test('fits the terminal; commands stay whole, to be copied', async () => {
    const id = await failed(`bad ${'words '.repeat(30)}`);
    const { out } = await cli(['explain', id], { columns: 60 });
    const long = out.split('\n').filter((line) => width(line) > 60 && !/^ {2}durachart |^ {4}at /.test(line));
    expect(long).toEqual([]);
    expect(out).not.toContain('\u001b');
    expect((await cli(['explain', id], { columns: 60, colors: true })).out).toContain('\u001b[31mFAILED\u001b[39m');
  });

  test('as JSON, and of what is not there', async () => {
    const id = await server.startedIn('READ', 'as json');
    const explanation = JSON.parse((await cli(['explain', id, '--json'])).out) as Explanation;
    expect(explanation).toMatchObject({ id, causes: [{ code: 'WAITING' }] });
    expect(await cli(['explain', 'nope'])).toMatchObject({ exitCode: 3, out: '' });
  });

  test('shows nothing that a terminal would obey', async () => {
    const id = await failed('bad \u001b[2J\u202e news');
    const { out } = await cli(['explain', id]);
    // oxlint-disable-next-line no-control-regex -- they are what it looks for
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });
});

/** What a shell makes of a command line, the program's name aside. */
function words(line: string): string[] {
  const script = `durachart() { for word in "$@"; do printf '%s\\0' "$word"; done; }; ${line}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

describe('the commands that it shows', () => {
  test.each([
    ...['retry', 'resume', 'skip', 'rewind', 'fork', 'edit', 'cancel'].map((name) => ['failed', name] as const),
    ...['send', 'edit', 'pause', 'rewind', 'fork', 'cancel'].map((name) => ['waiting', name] as const),
    ...['unpause', 'resume'].map((name) => ['paused', name] as const),
  ])('of a %s instance: %s works as it is pasted', async (status, name) => {
    const document = `${status === 'failed' ? 'bad ' : ''}${status} ${name}`;
    const id = status === 'failed' ? await failed(document) : await server.startedIn('READ', document);
    if (status === 'paused') expect(await cli(['pause', id])).toMatchObject({ exitCode: 0 });
    const { out } = await cli(['explain', id]);
    const line = out.split('\n').find((each) => each.startsWith(`  durachart ${name} `)) ?? '';
    expect(await cli(words(line)), line).toMatchObject({ exitCode: 0, err: '' });
  });
});

describe('send --dry-run', () => {
  test('shows what an event would do, and sends nothing', async () => {
    const id = await server.startedIn('READ', 'dry');
    const before = await server.engine.history(id);
    const taken = await cli(['send', id, 'approve', '--payload', '{"by":"ada"}', '--dry-run']);
    expect(taken).toMatchObject({ exitCode: 0, err: '' });
    expect(taken.out).toBe(
      'approve would leave it done in APPROVED; nothing was sent\ncontext  by = "ada"\noutput   {"words":1,"by":"ada"}\n',
    );
    const refused = await cli(['send', id, 'approve', '--payload', '{}', '--dry-run']);
    expect(refused).toMatchObject({ exitCode: 4, err: '' });
    expect(refused.out).toMatch(/^approve would not be taken {2}INVALID_EVENT\nThe event approve is not valid: by: /);
    const json = await cli(['send', id, 'explode', '--dry-run', '--json']);
    expect(json.exitCode).toBe(4);
    expect(JSON.parse(json.out) as Preview).toMatchObject({ accepted: false, reason: { code: 'UNKNOWN_EVENT' } });
    expect(await server.engine.history(id)).toEqual(before);
    expect((await server.engine.get(id)).state).toBe('READ');
  });

  test('names what would be stopped', async () => {
    const id = await server.halfDone('hold dry');
    const { out } = await cli(['send', id, 'remind', '--dry-run']);
    expect(out).toBe('remind would leave it running in SUBMITTED; nothing was sent\ncontext  reminders = 1\n');
    server.gate.open('hold dry');
  });
});

test('the form of a schema on one line', () => {
  expect(
    shapeOf({
      type: 'object',
      properties: {
        by: { type: 'string' },
        level: { enum: ['high', 'low'] },
        tags: { type: 'array', items: { type: 'string' } },
        note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        kind: { const: 'x' },
        rest: {},
      },
      required: ['by', 'level'],
    }),
  ).toBe('{ by: string, level: "high" | "low", tags?: string[], note?: string | null, kind?: "x", rest?: anything }');
  expect(shapeOf({ type: 'object' })).toBe('{}');
});

test('text is wrapped between words', () => {
  expect(wrap('one two three', 8)).toEqual(['one two', 'three']);
  expect(wrap('one two three', undefined)).toEqual(['one two three']);
  expect(wrap('unbreakable it is', 4)).toEqual(['unbreakable', 'it', 'is']);
});
