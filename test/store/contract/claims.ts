import { describe, expect, test } from 'vitest';
import { birth, commit, state, step, T, type StoreAccess } from './made.ts';

/** What claiming and giving back promise. `another` is another process's access. */
export function claimContract(access: () => StoreAccess, another: () => StoreAccess): void {
  const store = () => access().store;
  const enter = async (workflow: string) => (await store().startWorker('worker', [workflow], T)).id;

  describe('a claim', () => {
    test('takes what is due and free, of its workflows, by priority and then by time', async () => {
      const worker = await enter('k1');
      await store().commit(0, [
        birth('k1-low', { workflow: 'k1', priority: 0, wakeAt: T - 9 }),
        birth('k1-late', { workflow: 'k1', priority: 9, wakeAt: T }),
        birth('k1-early', { workflow: 'k1', priority: 9, wakeAt: T - 5 }),
        birth('k1-mid', { workflow: 'k1', priority: 5, wakeAt: T - 1 }),
        birth('k1-future', { workflow: 'k1', wakeAt: T + 1 }),
        birth('k1-parked', { workflow: 'k1', wakeAt: null }),
        birth('k1-foreign', { workflow: 'k1-other' }),
      ]);
      expect((await store().claim(worker, T, 3, ['k1', 'nothing'])).map(({ id }) => id)).toEqual([
        'k1-early',
        'k1-late',
        'k1-mid',
      ]);
      expect(await store().nextWake(['k1'])).toBe(T - 9);
      expect((await store().claim(worker, T, 3, ['k1'])).map(({ id }) => id)).toEqual(['k1-low']);
      expect(await store().claim(worker, T, 3, ['k1'])).toEqual([]);
      expect(await store().nextWake(['k1'])).toBe(T + 1);
      expect(await store().nextWake(['k1', 'k1-other'])).toBe(T);
      expect(await store().nextWake(['nothing'])).toBe(null);
      expect((await store().leased(worker)).toSorted()).toEqual(['k1-early', 'k1-late', 'k1-low', 'k1-mid']);
      await store().claim(worker, T + 1, 3, ['k1', 'k1-other']);
    });

    test('by many at once gives no instance to two, and leaves none', async () => {
      const ids = Array.from({ length: 300 }, (_, n) => `k2-${n}`);
      await store().commit(
        0,
        ids.slice(0, 150).map((id, n) => birth(id, { workflow: 'k2', priority: n % 10 })),
      );
      await store().commit(
        0,
        ids.slice(150).map((id, n) => birth(id, { workflow: 'k2', priority: n % 10 })),
      );
      const claimers = await Promise.all(
        Array.from({ length: 8 }, async (_, n) => ({
          id: await enter('k2'),
          from: n % 2 === 0 ? store() : another().store,
        })),
      );
      const taken = await Promise.all(
        claimers.map(async ({ id, from }) => {
          const mine: string[] = [];
          for (let empty = 0; empty < 3;) {
            const rows = await from.claim(id, T, 7, ['k2']);
            mine.push(...rows.map((row) => row.id));
            empty = rows.length === 0 ? empty + 1 : 0;
          }
          return mine;
        }),
      );
      expect(taken.flat().toSorted()).toEqual(ids.toSorted());
      for (const [n, { id }] of claimers.entries())
        expect((await store().leased(id)).toSorted()).toEqual(taken[n]?.toSorted());
    });

    test('gives live steps, timers and inbox with it', async () => {
      const worker = await enter('k3');
      await store().commit(0, [
        birth(
          'k3',
          { workflow: 'k3' },
          {
            after: state({ live: ['1:b', '1:a'] }),
            newSteps: [step('1:a'), step('1:b'), step('1:gone', { status: 'stopped' })],
            timers: [{ id: 't', event: { type: 'X' }, to: 'self', dueAt: T, sequence: 1 }],
          },
        ),
      ]);
      for (const n of [1, 2])
        await access().reader.post([
          {
            instanceId: 'k3',
            type: 'E',
            payload: { n },
            source: 'external',
            dedupeKey: null,
            at: T,
            wake: null,
          },
        ]);
      const [row] = await store().claim(worker, T, 5, ['k3']);
      expect(row).toMatchObject({
        wake: 2,
        steps: [{ key: '1:b' }, { key: '1:a' }],
        timers: [{ id: 't' }],
        inbox: [{ payload: { n: 1 } }, { payload: { n: 2 } }],
      });
      expect(await store().reload(worker + 1_000, ['k3'])).toEqual([]);
    });
  });

  describe('giving back', () => {
    test('holds only if nothing has come in since', async () => {
      const worker = await enter('k4');
      await store().commit(worker, [birth('k4', { workflow: 'k4', leased: true })]);
      await access().reader.post([
        {
          instanceId: 'k4',
          type: 'E',
          payload: null,
          source: 'external',
          dedupeKey: null,
          at: T,
          wake: null,
        },
      ]);
      expect(await store().commit(worker, [commit('k4', { release: { wakeAt: T + 50, wake: 0 } })])).toEqual([
        { id: 'k4', released: false },
      ]);
      expect(await store().leased(worker)).toEqual(['k4']);
      const [read] = await store().inbox(worker, ['k4']);
      expect(read).toMatchObject({
        id: 'k4',
        wake: 1,
        inbox: [{ type: 'E', payload: null, source: 'external', fence: null }],
      });
      const consumed = [{ id: read?.inbox[0]?.id as number, status: 'taken', sequence: 2 } as const];
      expect(
        await store().commit(worker, [
          commit('k4', { after: state({ sequence: 2 }), consumed, release: { wakeAt: T + 50, wake: 1 } }),
        ]),
      ).toEqual([{ id: 'k4', released: true }]);
      expect(await store().leased(worker)).toEqual([]);
      expect(await store().nextWake(['k4'])).toBe(T + 50);
      // Given back, it is nobody's to write.
      expect(await store().commit(worker, [commit('k4', { expected: 2, after: state({ sequence: 3 }) })])).toEqual([]);
    });

    test('races with events and loses none', async () => {
      const worker = await enter('k5');
      await store().commit(worker, [birth('k5', { workflow: 'k5', leased: true })]);
      let wake = 0;
      let taken = 0;
      let owned = true;
      const posting = (async () => {
        for (let n = 0; n < 60; n++)
          await another().reader.post([
            {
              instanceId: 'k5',
              type: 'E',
              payload: { n },
              source: 'external',
              dedupeKey: null,
              at: T,
              wake: null,
            },
          ]);
      })();
      let posted = false;
      void posting.then(() => (posted = true));
      // Whatever comes in between: an instance that is nobody's either has an empty inbox, or is due.
      while (!posted || taken < 60) {
        if (!owned) {
          const [row] = await store().claim(worker, T, 1, ['k5']);
          if (row === undefined) continue;
          owned = true;
          ({ wake } = row);
        }
        const [read] = await store().inbox(worker, ['k5']);
        const consumed = (read?.inbox ?? []).map(({ id }) => ({ id, status: 'taken', sequence: null }) as const);
        wake = read?.wake ?? wake;
        const [result] = await store().commit(worker, [commit('k5', { consumed, release: { wakeAt: null, wake } })]);
        taken += consumed.length;
        owned = result?.released === false;
      }
      await posting;
      expect(taken).toBe(60);
    });
  });
}
