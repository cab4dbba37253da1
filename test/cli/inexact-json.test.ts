import { expect, test } from 'vitest';
import { run } from './support/cli.ts';

test('JSON that JavaScript would change is refused before it is sent', async () => {
  const { exitCode, err } = await run(['start', 'any', '--input', '{"id": 9007199254740993}'], {
    environment: { DURACHART_URL: 'http://127.0.0.1:1' },
  });
  expect(exitCode).toBe(2);
  expect(err).toContain('the number 9007199254740993 (id) is 9007199254740992 in JavaScript. Send it as a string.');
});
