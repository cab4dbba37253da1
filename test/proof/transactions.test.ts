import { beforeAll, expect, test } from 'vitest';
import { defineStep } from '../../src/index.ts';
import { useBench } from '../support/engine.ts';
import { oneStep } from '../support/machines.ts';

const bench = useBench();
beforeAll(() => bench.sql`create table entries (text text not null)`);

test('a transaction whose connection breaks leaves nothing behind, whatever the step does next', async () => {
  let calls = 0;
  const step = defineStep<unknown, string>({
    transactional: true,
    run: async ({ tx }) => {
      calls++;
      await tx`insert into entries (text) values (${`before ${calls}`})`;
      if (calls === 1) {
        const [row] = await tx<{ pid: number }>`select pg_backend_pid() as pid`;
        await bench.sql`select pg_terminate_backend(${row?.pid ?? 0}, 5000)`;
        // On another connection by now: outside of the transaction, none of these may be stored.
        for (let n = 0; n < 3; n++) await tx`insert into entries (text) values ('astray')`.catch(() => {});
      }
      return `call ${calls}`;
    },
  });
  const engine = await bench.worker([oneStep('breaks', step)]);
  const { id } = await engine.start('breaks', null);
  expect(await engine.result(id, { timeout: 10_000 })).toBe('call 2');
  expect(await bench.sql`select text from entries`).toEqual([{ text: 'before 2' }]);
  // The step has not failed: its attempt was lost.
  expect(await engine.steps(id)).toMatchObject([{ attempt: 1, attempts: [{ attempt: 1, outcome: 'lost' }] }]);
});

test('a network failure of the step itself is its own, and counts as an attempt', async () => {
  const step = defineStep<unknown, string>({
    transactional: true,
    retry: { maxAttempts: 2, minDelay: 5 },
    run: ({ attempt }) => {
      if (attempt === 1) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
      return 'reached';
    },
  });
  const engine = await bench.worker([oneStep('refused', step)]);
  const { id } = await engine.start('refused', null);
  expect(await engine.result(id, { timeout: 10_000 })).toBe('reached');
  expect(await engine.steps(id)).toMatchObject([
    { attempt: 2, attempts: [{ outcome: 'failed', error: { code: 'NETWORK_ERROR' } }] },
  ]);
});

test('transactional steps that last keep nobody else from the database', async () => {
  const gate = Promise.withResolvers<void>();
  const step = defineStep<unknown, string>({
    transactional: true,
    run: async ({ tx }) => {
      await tx`select 1`;
      await gate.promise;
      return 'late';
    },
  });
  const engine = await bench.worker([oneStep('lasts', step)]);
  const ids = await Promise.all(Array.from({ length: 30 }, async () => (await engine.start('lasts', null)).id));
  expect((await engine.health()).workers).toHaveLength(1);
  expect(await engine.get(ids[29] as string)).toMatchObject({ status: 'running' });
  gate.resolve();
  for (const id of ids) expect(await engine.result(id, { timeout: 10_000 })).toBe('late');
});
