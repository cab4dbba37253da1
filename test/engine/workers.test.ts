import { setTimeout as sleep } from 'node:timers/promises';
import { assign, setup } from 'xstate';
import { expect, test } from 'vitest';
import { defineStep, defineWorkflow } from '../../src/index.ts';
import { eventually, useBench } from '../support/engine.ts';
import { HeldStep, oneStep } from '../support/machines.ts';

const bench = useBench();

test('several workers share the work, and an instance is moved by one at a time', async () => {
  const running = new Set<string>();
  let overlaps = 0;
  const touch = defineStep<number, number>({
    run: async ({ input, instance }) => {
      if (running.has(instance.id)) overlaps++;
      running.add(instance.id);
      await sleep(2);
      running.delete(instance.id);
      return input + 1;
    },
  });
  const machine = setup({
    types: {} as { context: { n: number }; output: number; events: { type: 'POKE' } },
    actors: { touch },
  }).createMachine({
    id: 'moved',
    context: { n: 0 },
    output: ({ context }) => context.n,
    initial: 'TURNS',
    on: { POKE: {} },
    states: {
      TURNS: {
        invoke: {
          src: 'touch',
          input: ({ context }) => context.n,
          onDone: [
            {
              guard: ({ event }) => event.output >= 8,
              target: 'DONE',
              actions: assign({ n: ({ event }) => event.output }),
            },
            { target: 'TURNS', reenter: true, actions: assign({ n: ({ event }) => event.output }) },
          ],
        },
      },
      DONE: { type: 'final' },
    },
  });
  const workflow = defineWorkflow({ machine });
  const visitor = bench.engine([workflow]);
  const ids = await Promise.all(Array.from({ length: 60 }, () => visitor.start('moved', undefined)));
  const workers = await Promise.all(Array.from({ length: 3 }, () => bench.worker([workflow], { concurrency: 5 })));
  // They come and go while the work lasts.
  await sleep(50);
  await workers[0]?.stop();
  await bench.worker([workflow], { concurrency: 5 });
  for (const { id } of ids) expect(await visitor.result(id, { timeout: 20_000 })).toBe(8);
  expect(overlaps).toBe(0);
  const rows =
    await bench.sql`select instance_id, count(*)::int as n, max(sequence) as top from durachart.transitions where instance_id = any(${ids.map(({ id }) => id)}) group by instance_id`;
  expect(rows.every((row) => row['n'] === 9 && row['top'] === 9)).toBe(true);
});

test('work spreads: what is started by one may run at another', async () => {
  const held = new HeldStep();
  const workflow = oneStep('spreads', held.step());
  const visitor = bench.engine([workflow]);
  const workers = await Promise.all(Array.from({ length: 2 }, () => bench.worker([workflow])));
  for (let i = 0; i < 20; i++) await visitor.start('spreads', i);
  await held.called(20);
  const { workers: live } = await visitor.health();
  expect(live.filter(({ workflows }) => workflows.includes('spreads'))).toHaveLength(2);
  for (let i = 1; i <= 20; i++) held.release(i);
  await eventually(async () => (await visitor.list({ workflow: 'spreads', status: 'done' })).items.length === 20);
  expect(held.calls).toHaveLength(20);
  for (const worker of workers) await worker.stop();
});
