import { expect, test } from 'vitest';
import { systemClock } from '../../src/engine/clock.ts';
import { Committer, type Pending } from '../../src/engine/committer.ts';
import type { Commit } from '../../src/engine/ports.ts';
import { emptyChange } from '../../src/engine/state.ts';
import { commitSize } from '../../src/store/commit-parameters.ts';

function pending(id: string, characters: number, stored: () => void): Pending {
  const after = {
    status: 'waiting',
    state: 'A',
    sequence: 1,
    snapshot: null,
    live: [],
    output: 'x'.repeat(characters),
    error: null,
    finishedAt: null,
  } as const;
  const commit: Commit = {
    ...emptyChange(),
    id,
    expected: 0,
    create: null,
    requires: null,
    at: 0,
    release: null,
    after: { ...after, live: [] },
  };
  return { commit, children: [], stored: [stored], lost: [], refused: [] };
}

test('a batch is bounded by what it weighs, and what is too heavy goes alone', async () => {
  const batches: string[][] = [];
  const committer = new Committer({
    store: {
      size: commitSize,
      commit: async (_worker, batch) => {
        batches.push(batch.map(({ id }) => id));
        return batch.map(({ id }) => ({ id, released: false }));
      },
      reload: async () => [],
    },
    clock: systemClock,
    worker: 1,
    lanes: 1,
    isTransient: () => false,
    onFault: (error) => expect.unreachable(String(error)),
  });
  const stored: string[] = [];
  const push = (id: string, characters: number): void =>
    committer.push(
      0,
      pending(id, characters, () => stored.push(id)),
    );
  for (const id of ['a', 'b', 'c', 'd']) push(id, 700_000);
  push('heavy', 5_000_000);
  for (const id of ['e', 'f']) push(id, 10);
  await committer.idle();
  expect(batches).toEqual([['a', 'b'], ['c', 'd'], ['heavy'], ['e', 'f']]);
  expect(stored).toEqual(['a', 'b', 'c', 'd', 'heavy', 'e', 'f']);
});
