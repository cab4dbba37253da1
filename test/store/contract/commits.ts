import { beforeEach, describe, expect, test } from 'vitest';
import type { WorkerSession } from '../../../src/engine/ports.ts';
import { birth, commit, post, state, step, T, transition, type StoreAccess } from './made.ts';

/** What a commit promises: all of it or nothing, on condition of sequence and lease. */
export function commitContract(access: () => StoreAccess): void {
  const store = () => access().store;
  let mine: WorkerSession;
  let other: WorkerSession;

  beforeEach(async () => {
    mine ??= await store().startWorker('mine', ['w'], T);
    other ??= await store().startWorker('other', ['w'], T);
  });

  const held = async (id: string) => (await store().reload(mine.id, [id]))[0];

  describe('a commit', () => {
    test('brings an instance into being, with everything that belongs to it', async () => {
      const row = step('1:a', { input: null, queue: 'q', worker: mine.id });
      const timer = { id: 't', event: { type: 'LATER', n: 1 }, to: 'c', dueAt: T + 5, sequence: 1 } as const;
      const create = {
        tenant: 'acme',
        tags: ['x', "y'"],
        priority: 7,
        input: null,
        key: 'k',
        parent: { id: 'p', key: '1:c' },
        leased: true,
      };
      const results = await store().commit(mine.id, [
        birth('c-1', create, {
          after: state({ live: ['1:a'], status: 'running' }),
          transitions: [transition(1)],
          newSteps: [row],
          timers: [timer],
        }),
      ]);
      expect(results).toEqual([{ id: 'c-1', released: false }]);
      expect(await held('c-1')).toEqual({
        id: 'c-1',
        workflow: 'w',
        version: '1',
        tenant: 'acme',
        input: null,
        status: 'running',
        state: 'A',
        sequence: 1,
        snapshot: state().snapshot,
        live: ['1:a'],
        error: null,
        parent: { id: 'p', key: '1:c' },
        wake: 0,
        priority: 7,
        createdAt: T,
        startAt: null,
        finishedAt: null,
        steps: [row],
        timers: [timer],
        inbox: [],
      });
      expect(await access().reader.history('c-1', 0, 10)).toMatchObject([{ sequence: 1, event: 'E' }]);
    });

    test('of an id that is taken holds nothing', async () => {
      await store().commit(mine.id, [birth('c-2', { leased: true, input: 'first' })]);
      const second = birth(
        'c-2',
        { leased: true, input: 'second' },
        { transitions: [transition(1)], newSteps: [step('1:x')], posts: [post('c-2')] },
      );
      expect(await store().commit(other.id, [second])).toEqual([]);
      expect(await held('c-2')).toMatchObject({ input: 'first', inbox: [], steps: [] });
      expect(await access().reader.history('c-2', 0, 10)).toEqual([]);
    });

    test('of one id by many at once holds once', async () => {
      const tries = await Promise.all(
        Array.from({ length: 12 }, (_, n) =>
          store().commit(mine.id, [birth('c-3', { leased: true, input: n }, { transitions: [transition(1)] })]),
        ),
      );
      expect(tries.filter(({ length }) => length === 1)).toHaveLength(1);
      expect(await access().reader.history('c-3', 0, 10)).toHaveLength(1);
    });

    test("holds at its sequence and in its owner's hands only, and writes nothing otherwise", async () => {
      await store().commit(mine.id, [
        birth('c-4', { leased: true }),
        birth('c-4-other', { leased: true }, { posts: [] }),
      ]);
      const next = (expected: number) =>
        commit('c-4', {
          expected,
          after: state({ sequence: expected + 1, state: 'B' }),
          transitions: [transition(expected + 1)],
          newSteps: [step(`${expected + 1}:a`)],
          timers: [{ id: 't', event: { type: 'X' }, to: 'self', dueAt: T, sequence: 1 }],
          posts: [post('c-4-other')],
        });
      expect(await store().commit(other.id, [next(1)])).toEqual([]);
      expect(await store().commit(mine.id, [next(0)])).toEqual([]);
      expect(await store().commit(mine.id, [next(2)])).toEqual([]);
      expect(
        await store().commit(mine.id, [
          commit('nobody', { after: state({ sequence: 2 }), transitions: [transition(2)] }),
        ]),
      ).toEqual([]);
      expect(await held('c-4')).toMatchObject({ sequence: 1, state: 'A', steps: [], timers: [] });
      expect(await access().reader.history('c-4', 0, 10)).toEqual([]);
      expect((await held('c-4-other'))?.inbox).toEqual([]);
      expect(await store().commit(mine.id, [next(1)])).toEqual([{ id: 'c-4', released: false }]);
      // Repeated because its outcome was unknown, it is lost, at the sequence that it asked for.
      expect(await store().commit(mine.id, [next(1)])).toEqual([]);
      expect(await held('c-4')).toMatchObject({ sequence: 2, state: 'B' });
      expect((await held('c-4-other'))?.inbox).toHaveLength(1);
    });

    test('in a batch is on its own: one that is lost harms no other', async () => {
      const ids = Array.from({ length: 40 }, (_, n) => `c-5-${n}`);
      await store().commit(
        mine.id,
        ids.map((id) => birth(id, { leased: true })),
      );
      const batch = ids.map((id, n) =>
        commit(id, { expected: n % 4 === 0 ? 7 : 1, after: state({ sequence: 2 }), transitions: [transition(2)] }),
      );
      const stored = new Set((await store().commit(mine.id, batch)).map(({ id }) => id));
      expect([...stored].toSorted()).toEqual(ids.filter((_, n) => n % 4 !== 0).toSorted());
      for (const row of await store().reload(mine.id, ids)) expect(row.sequence).toBe(stored.has(row.id) ? 2 : 1);
    });

    test('with `requires` holds only with the one that it names', async () => {
      await store().commit(mine.id, [birth('c-6', { leased: true })]);
      const parent = (expected: number) => commit('c-6', { expected, after: state({ sequence: expected + 1 }) });
      const child = (id: string, requires: string) =>
        birth(
          id,
          { leased: true, parent: { id: requires, key: '1:c' } },
          { requires, after: state({ sequence: 0, status: 'scheduled', state: '', snapshot: null }) },
        );
      expect(await store().commit(mine.id, [parent(5), child('c-6-a', 'c-6')])).toEqual([]);
      expect(await held('c-6-a')).toBeUndefined();
      const stored = await store().commit(mine.id, [parent(1), child('c-6-a', 'c-6')]);
      expect(stored.map(({ id }) => id).toSorted()).toEqual(['c-6', 'c-6-a']);
      expect(await held('c-6-a')).toMatchObject({ sequence: 0, snapshot: null, status: 'scheduled' });
      // A parent that comes into being with it counts, one whose id is taken does not.
      expect(await store().commit(mine.id, [birth('c-6-b', { leased: true }), child('c-6-c', 'c-6-b')])).toHaveLength(
        2,
      );
      expect(await store().commit(mine.id, [birth('c-6', { leased: true }), child('c-6-d', 'c-6')])).toEqual([]);
      expect(await held('c-6-d')).toBeUndefined();
    });
  });
}
