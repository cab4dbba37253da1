import { expect, test } from 'vitest';
import { trouble, troubleOf, Writes } from '../../src/engine/trouble.ts';
import { isTransient } from '../../src/store/transient.ts';
import { ManualClock, SECOND } from '../support/manual-clock.ts';

const failed = (code: string): Error => Object.assign(new Error('no'), { code });

test.each([
  ['53100', 'DISK_FULL'],
  ['53300', 'TOO_MANY_CONNECTIONS'],
  ['25006', 'READ_ONLY'],
  ['53200', 'OUT_OF_MEMORY'],
  ['57P03', 'STARTING'],
  ['ECONNREFUSED', 'NOT_ANSWERING'],
])('%s means %s, also as the cause of another error', (code, expected) => {
  expect(troubleOf(failed(code)).code).toBe(expected);
  expect(troubleOf(new Error('outer', { cause: failed(code) })).code).toBe(expected);
});

test('a pooler is known by what it refuses at the start of a session; what else breaks the protocol is not that', () => {
  const refused = Object.assign(new Error('unsupported startup parameter: jit'), { code: '08P01' });
  expect(troubleOf(refused).code).toBe('POOLER');
  // Trying again does not help.
  expect(isTransient(refused)).toBe(false);
  expect(troubleOf(failed('08P01')).code).toBe('NOT_ANSWERING');
  expect(isTransient(failed('08P01'))).toBe(true);
});

test('what writes meet with counts until one gets through, or for ten seconds; of what is nobody’s trouble nothing is said', async () => {
  const clock = new ManualClock();
  const writes = new Writes(clock, isTransient);
  let code: string | undefined;
  const write = writes.watched(async () => {
    if (code !== undefined) throw failed(code);
  });
  const writing = async (next?: string): Promise<void> => {
    code = next;
    await write().catch(() => {});
  };
  await writing('53100');
  expect(writes.trouble).toEqual(trouble('DISK_FULL'));
  await writing();
  expect(writes.trouble).toBeNull();
  await writing('53100');
  clock.advance(11 * SECOND);
  expect(writes.trouble).toBeNull();
  // A deadlock, and data that the database refuses.
  for (const other of ['40P01', '22021']) await writing(other);
  expect(writes.trouble).toBeNull();
});
