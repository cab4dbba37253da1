import { describe, expect, test } from 'vitest';
import { birth, commit, post, state, T, type StoreAccess } from './made.ts';

/** What the inbox promises. `another` is another process's access. */
export function inboxContract(access: () => StoreAccess, another: () => StoreAccess): void {
  const store = () => access().store;
  const enter = async (workflow: string) => (await store().startWorker('worker', [workflow], T)).id;

  describe('the inbox', () => {
    test('wakes a parked instance, and keeps what is posted by commits and from outside in order', async () => {
      const worker = await enter('k6');
      await store().commit(worker, [
        birth('k6-to', { workflow: 'k6', wakeAt: null }),
        birth('k6-from', { workflow: 'k6', leased: true }),
      ]);
      expect(await store().nextWake(['k6'])).toBe(null);
      await store().commit(worker, [
        commit('k6-from', {
          after: state({ sequence: 2 }),
          at: T + 3,
          posts: [post('k6-to', { payload: { n: 1 }, fence: '1:c' }), post('k6-to', { payload: { n: 2 } })],
        }),
      ]);
      await access().reader.post([
        {
          instanceId: 'k6-to',
          type: 'E',
          payload: { n: 3 },
          source: 'external',
          dedupeKey: null,
          at: T + 9,
          wake: null,
        },
      ]);
      expect(await store().nextWake(['k6'])).toBe(T + 3);
      const [row] = await store().claim(worker, T + 3, 5, ['k6']);
      expect(row).toMatchObject({
        id: 'k6-to',
        inbox: [
          { payload: { n: 1 }, fence: '1:c', source: 'instance' },
          { payload: { n: 2 }, fence: null },
          { payload: { n: 3 }, source: 'external' },
        ],
      });
      expect((await store().pending(worker)).toSorted()).toEqual(['k6-to']);
      await store().commit(worker, [
        commit('k6-to', { consumed: (row?.inbox ?? []).map(({ id }) => ({ id, status: 'ignored', sequence: null })) }),
      ]);
      expect(await store().pending(worker)).toEqual([]);
      expect(await store().inbox(worker, ['k6-to', 'nobody'])).toEqual([{ id: 'k6-to', wake: row?.wake, inbox: [] }]);
    });

    test('has nothing to tell of one that is held, save an order', async () => {
      const worker = await enter('k10');
      const held = { after: state({ status: 'paused' }) };
      await store().commit(worker, [birth('k10', { workflow: 'k10', leased: true }, held)]);
      const event = { instanceId: 'k10', type: 'E', payload: null, dedupeKey: null, at: T };
      await access().reader.post([{ ...event, source: 'external', wake: null }]);
      expect(await store().pending(worker)).toEqual([]);
      await access().reader.post([{ ...event, type: 'durachart.unpause', source: 'control', wake: null }]);
      expect(await store().pending(worker)).toEqual(['k10']);
    });

    test('takes a dedupe key once, also from posts, and tells what there is', async () => {
      const worker = await enter('k7');
      await store().commit(worker, [
        birth('k7', { workflow: 'k7', leased: true }),
        birth('k7-from', { workflow: 'k7', leased: true }),
      ]);
      const event = {
        instanceId: 'k7',
        type: 'E',
        payload: null,
        source: 'external',
        dedupeKey: 'once',
        at: T,
      } as const;
      const posted = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          (n % 2 === 0 ? access() : another()).reader.post([{ ...event, wake: null }]),
        ),
      );
      const outcomes = posted.map(([one]) => String(one?.outcome));
      expect(outcomes.toSorted()).toEqual([...Array.from({ length: 9 }, () => 'duplicate'), 'posted']);
      for (const sequence of [2, 3])
        await store().commit(worker, [
          commit('k7-from', {
            expected: sequence - 1,
            after: state({ sequence }),
            posts: [post('k7', { dedupeKey: 'mine' })],
          }),
        ]);
      const [read] = await store().inbox(worker, ['k7']);
      expect(read?.inbox).toHaveLength(2);
      const [facts] = await access().reader.sendFacts(
        ['once', 'never'].map((key) => ({ id: 'k7', key })),
        1,
      );
      expect(facts).toMatchObject({ id: 'k7', inbox: [{ type: 'E' }] });
      expect([...(facts?.keys.keys() ?? [])]).toEqual(['once']);
      expect(await access().reader.hasOrder('k7')).toBe(false);
      expect(await access().reader.post([{ ...event, instanceId: 'nobody', wake: null }])).toEqual([
        { outcome: 'no instance' },
      ]);
    });

    test('is told of to other processes', async () => {
      const heard: string[] = [];
      const { promise, resolve } = Promise.withResolvers<void>();
      const stop = await another().store.onWork((ids) => {
        if (ids !== '*') heard.push(...ids);
        if (heard.includes('k8')) resolve();
      });
      await store().commit(0, [birth('k8', { workflow: 'k8', wakeAt: null })]);
      await access().reader.post([
        {
          instanceId: 'k8',
          type: 'E',
          payload: null,
          source: 'external',
          dedupeKey: null,
          at: T,
          wake: null,
        },
      ]);
      await promise;
      await stop();
    });
  });
}
