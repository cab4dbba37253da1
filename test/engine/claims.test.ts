import { expect, test } from 'vitest';
import { Claims, type ClaimHost } from '../../src/engine/claims.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { NOTHING_PAUSED } from '../../src/engine/pauses.ts';
import type { Claimed, Store } from '../../src/engine/ports.ts';

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
    workerId: 1,
    accepting: true,
    pauses: NOTHING_PAUSED,
    room: 10,
    // Until it was looked for the second time, the old copy is in memory.
    isLeaving: () => ++looks <= 2,
    knows: () => looks <= 2 || adopted.length > 0,
    adopt: ({ id }) => void adopted.push(id),
    fault: () => {},
  };
  const looking = new Claims({ store, clock: systemClock, pollInterval: 1 }, ['work'], host);
  looking.look();
  await expect.poll(() => adopted).toEqual(['a']);
  looking.stop();
});
