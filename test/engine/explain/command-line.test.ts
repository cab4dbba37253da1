import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { commandLine } from '../../../src/engine/explain/command-line.ts';
import { span } from '../../../src/engine/explain/spans.ts';

/** What a shell makes of a command line: the words that the program gets. */
function words(line: string): string[] {
  const script = `durachart() { for word in "$@"; do printf '%s\\0' "$word"; done; }; ${line}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

test('a shell gives the program the words that were meant', () => {
  const nasty = [`it's "quoted" $HOME \`id\` \\ ! * ~`, '~', '', '{"by":"…"}', 'a\nb'];
  for (const word of nasty) {
    expect(words(commandLine('send', ['id-1', 'GO'], { payload: word }))).toEqual([
      'send',
      'id-1',
      'GO',
      '--payload',
      word,
    ]);
    expect(words(commandLine('retry', [word]))).toEqual(['retry', word]);
  }
});

test('plain words stay plain, and an id that looks like an option is none', () => {
  expect(commandLine('skip', ['a.b_c-1'], { step: '1:work', output: 'null' })).toBe(
    'durachart skip a.b_c-1 --step 1:work --output null',
  );
  expect(commandLine('rewind', ['--all'], { to: '3' })).toBe('durachart rewind --to 3 -- --all');
});

test('stretches of time in words', () => {
  expect([0, 850, 1_000, 1_500, 12_000, 60_000, 5_400_000, 172_800_000, 1_000_000_000].map(span)).toEqual([
    '0 ms',
    '850 ms',
    '1 second',
    '1.5 seconds',
    '12 seconds',
    '1 minute',
    '1.5 hours',
    '2 days',
    '11 days',
  ]);
});
