import { beforeEach, describe, expect, test } from 'vitest';
import type { Store, WorkerSession } from '../../../src/engine/ports.ts';
import { eventually } from '../../support/engine.ts';
import { birth, commit, state, step, T, type StoreAccess } from './made.ts';

type Fence = Parameters<Store['transactional']>[0];
type Run = Parameters<Store['transactional']>[1];

const LONG = 1_000_000;
/** How long a worker may be silent. A server that has just started has to be up for as long. */
const PATIENCE = 3_000;

/** What the standing of workers, and the fence of transactional steps, promise. */
export function workerContract(access: () => StoreAccess, another: () => StoreAccess, open: () => StoreAccess): void {
  const store = () => access().store;
  let living: WorkerSession;
  beforeEach(async () => {
    living ??= await store().startWorker('living', ['w'], T);
  });

  /** Resolves when those who look have declared a worker dead. */
  const buried = async (id: number): Promise<void> => {
    await eventually(async () => (await store().buryWorkers(T, PATIENCE, living.id)).workers.includes(id));
  };

  describe('a worker', () => {
    test('that is killed is buried at once, by whoever looks, and what it had is free', async () => {
      const process = open();
      const session = await process.store.startWorker('killed', ['v1'], T);
      await store().commit(session.id, [birth('v1', { workflow: 'v1', leased: true, wakeAt: null })]);
      expect((await another().store.buryWorkers(T, LONG, living.id)).workers).toEqual([]);
      await session.kill();
      const found = await eventually(async () => {
        const dead = await another().store.buryWorkers(T + 5, LONG, living.id);
        return dead.workers.length > 0 && dead;
      });
      expect(found).toEqual({ workers: [session.id], freed: ['v1'] });
      expect((await store().claim(living.id, T + 5, 5, ['v1'])).map(({ id }) => id)).toEqual(['v1']);
      expect(await store().commit(session.id, [commit('v1', { after: state({ sequence: 2 }) })])).toEqual([]);
      await process.close();
    });

    test('that is silent for too long is buried although its session stands, and learns of it', async () => {
      const session = await another().store.startWorker('silent', ['v2'], T);
      await access().silence(session.id, LONG);
      expect(await session.beat()).toBe(true);
      expect((await store().buryWorkers(T, PATIENCE, living.id)).workers).not.toContain(session.id);
      await access().silence(session.id, LONG);
      await buried(session.id);
      expect(await session.beat()).toBe(false);
    });

    test.each([
      ['behind', T, T + LONG],
      ['ahead of', T + LONG, T],
    ])('whose clock is far %s that of who looks is not taken for dead', async (_, its, others) => {
      const session = await another().store.startWorker('skewed', ['v5'], its);
      expect((await store().buryWorkers(others, PATIENCE, living.id)).workers).not.toContain(session.id);
      expect(await session.beat()).toBe(true);
    });

    test('that asks is not buried by itself, however long it was silent', async () => {
      const session = await store().startWorker('asking', ['v3'], T);
      await access().silence(session.id, LONG);
      expect((await store().buryWorkers(T, PATIENCE, session.id)).workers).not.toContain(session.id);
      // Others do.
      await buried(session.id);
    });

    test('that stops gives back what it still has, and is gone', async () => {
      const process = open();
      const session = await process.store.startWorker('stopping', ['v4'], T);
      await store().commit(session.id, [birth('v4', { workflow: 'v4', leased: true, wakeAt: null })]);
      await session.stop(T + 3);
      expect(await store().nextWake(['v4'])).toBe(T + 3);
      expect((await store().buryWorkers(T + LONG, LONG, living.id)).workers).not.toContain(session.id);
      expect((await access().reader.workers()).map(({ id }) => id)).not.toContain(session.id);
      await process.close();
    });
  });

  describe('a transactional step', () => {
    const begun = async (id: string) => {
      await store().commit(living.id, [
        birth(
          id,
          { leased: true },
          { after: state({ live: ['1:a'] }), newSteps: [step('1:a', { worker: living.id })] },
        ),
      ]);
      return { worker: living.id, instanceId: id, key: '1:a', attempt: 1, at: () => T + 1 };
    };
    const row = async (id: string) => (await store().reload(living.id, [id]))[0]?.steps[0];

    const transactional = async (fence: Fence, run: Run): Promise<unknown> =>
      store().transactional(fence, run, new AbortController().signal);

    test('stores its result with its rows', async () => {
      const fence = await begun('x-1');
      const output = await transactional(fence, async (tx) => {
        await tx`create table written (n int)`;
        await tx`insert into written values (1)`;
        return { rows: 1 };
      });
      expect(output).toEqual({ rows: 1 });
      expect(await row('x-1')).toMatchObject({ status: 'done', output: { rows: 1 }, finishedAt: T + 1 });
    });

    test('that throws leaves nothing, and its error as it was', async () => {
      const fence = await begun('x-2');
      const error = new Error('mine');
      const run = transactional(fence, async (tx) => {
        await tx`insert into written values (2)`;
        throw error;
      });
      await expect(run).rejects.toBe(error);
      expect(await row('x-2')).toMatchObject({ status: 'running' });
      const count = await transactional(
        await begun('x-3'),
        async (tx) => (await tx`select from written where n = 2`).length,
      );
      expect(count).toBe(0);
    });

    test.each([
      ['another worker has the instance', { worker: 1_000_000 }],
      ['another attempt runs', { attempt: 2 }],
      ['there is no such invocation', { key: '9:z' }],
    ])('is fenced when %s', async (what, over) => {
      const fence = { ...(await begun(`x-4 ${what}`)), ...over };
      const run = transactional(fence, async (tx) => {
        await tx`insert into written values (4)`;
        return 1;
      });
      await expect(run).rejects.toMatchObject({ code: 'FENCED' });
      const count = await transactional(
        await begun(`x-5 ${what}`),
        async (tx) => (await tx`select from written where n = 4`).length,
      );
      expect(count).toBe(0);
    });

    test('is fenced once its row is no longer running', async () => {
      const fence = await begun('x-6');
      const run = transactional(fence, async () => {
        await store().commit(living.id, [
          commit('x-6', { after: state({ live: ['1:a'] }), steps: [step('1:a', { status: 'stopped' })] }),
        ]);
        return 1;
      });
      await expect(run).rejects.toMatchObject({ code: 'FENCED' });
    });
  });
}
