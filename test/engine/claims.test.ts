import { expect, test } from 'vitest';
import { Claims, type ClaimHost } from '../../src/engine/claims.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { NOTHING_PAUSED } from '../../src/engine/pauses.ts';
import type { Claimed, Store } from '../../src/engine/ports.ts';
import { HOUR, ManualClock } from '../support/manual-clock.ts';

/** A worker that has no instance. */
const nobody: ClaimHost = {
  workerId: 1,
  accepting: true,
  pauses: NOTHING_PAUSED,
  room: 10,
  isLeaving: () => false,
  knows: () => false,
  whileTaking: async (read) => read(),
  adopt: () => {},
  fault: () => {},
};

test('an instance that was taken anew, unheard, while giving it back had not been answered, is found once it is', async () => {
  const claims: (() => Promise<Claimed[]>)[] = [async () => Promise.reject(new Error('The answer got lost.'))];
  const store = {
    claim: async () => (claims.shift() ?? (async () => []))(),
    nextWake: async () => null,
    leased: async () => ['a'],
    reload: async (_: number, ids: readonly string[]) => ids.map((id) => ({ id })),
  } as unknown as Store;
  let looks = 0;
  const adopted: string[] = [];
  const host: ClaimHost = {
    ...nobody,
    // Until it was looked for the second time, the old copy is in memory.
    isLeaving: () => ++looks <= 2,
    knows: () => looks <= 2 || adopted.length > 0,
    adopt: ({ id }) => void adopted.push(id),
  };
  const looking = new Claims({ store, clock: systemClock, pollInterval: 1 }, ['work'], host);
  looking.look();
  await expect.poll(() => adopted).toEqual(['a']);
  looking.stop();
});

test('goes on looking now and then, also when a time that it waited for came while it was looking', async () => {
  const clock = new ManualClock();
  const answers: (() => void)[] = [];
  const asked: number[] = [];
  const store = {
    claim: async (_: number, now: number) => {
      asked.push(now);
      await new Promise<void>((resolve) => answers.push(resolve));
      return [];
    },
    nextWake: async () => null,
  } as unknown as Store;
  const claims = new Claims({ store, clock, pollInterval: HOUR }, ['work'], nobody);
  claims.look();
  claims.lookAt(clock.now() + 500);
  clock.advance(500);
  answers.shift()?.();
  // It looks again for what has become due, and then every hour.
  await expect.poll(() => answers.length).toBe(1);
  answers.shift()?.();
  await expect.poll(() => claims.busy).toBe(false);
  clock.advance(HOUR);
  await expect.poll(() => asked.length).toBe(3);
  answers.shift()?.();
  claims.stop();
});

test('goes on looking where the time of the next look is past before it is set, also when the database has not answered', async () => {
  // As slow as that: two milliseconds from one look at the clock to the next.
  let time = 0;
  const waiting = new Set<() => void>();
  const clock = {
    now: () => (time += 2),
    after: (_: number, callback: () => void) => {
      waiting.add(callback);
      return () => void waiting.delete(callback);
    },
  };
  let asked = 0;
  const store = {
    claim: async () => {
      asked++;
      throw new Error('The database does not answer.');
    },
    leased: async () => [],
    nextWake: async () => null,
  } as unknown as Store;
  const claims = new Claims({ store, clock, pollInterval: 1 }, ['work'], nobody);
  claims.look();
  for (const times of [1, 2, 3]) {
    await expect.poll(() => asked).toBe(times);
    await expect.poll(() => claims.busy).toBe(false);
    const [next] = waiting;
    waiting.clear();
    next?.();
  }
});
