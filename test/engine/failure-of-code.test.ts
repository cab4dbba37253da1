import { assign, raise, setup } from 'xstate';
import { expect, test } from 'vitest';
import { defineStep, defineWorkflow } from '../../src/index.ts';
import { reached, standing, useBench } from '../support/engine.ts';
import { HOUR } from '../support/manual-clock.ts';
import { oneStep } from '../support/machines.ts';

const bench = useBench();

test('code of the machine that throws fails the instance, which loses nothing', async () => {
  let broken = true;
  const machine = setup({ types: {} as { context: { n: number }; events: { type: 'ADD' } } }).createMachine({
    id: 'throws',
    context: { n: 0 },
    initial: 'A',
    states: {
      A: {
        on: {
          ADD: {
            target: 'B',
            actions: assign({
              n: ({ context }) => {
                if (broken) throw new Error('assign broke');
                return context.n + 1;
              },
            }),
          },
        },
      },
      B: { type: 'final' },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('throws', undefined);
  await engine.send(id, { type: 'ADD' });
  expect(await standing(engine, id, 'failed')).toMatchObject({
    state: 'A',
    sequence: 1,
    error: { code: 'TRANSITION_FAILED', message: expect.stringContaining('assign broke'), stack: expect.any(String) },
  });
  broken = false;
  await engine.retry(id);
  // The event that it failed on is taken now.
  await reached(engine, id, 'B');
  expect(await engine.get(id)).toMatchObject({ status: 'done', context: { n: 1 } });
});

test('a context that JSON would lose fails the instance, and names the place', async () => {
  const machine = setup({ types: {} as { context: { at: unknown }; events: { type: 'GO' } } }).createMachine({
    id: 'loses',
    context: { at: null },
    initial: 'A',
    states: { A: { on: { GO: { actions: assign({ at: () => new Date() }) } } } },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('loses', undefined);
  await engine.send(id, { type: 'GO' });
  expect((await standing(engine, id, 'failed')).error).toMatchObject({
    code: 'NOT_JSON',
    details: { path: 'at', found: 'a Date' },
  });
});

test('what the database itself refuses fails the instance alone', async () => {
  const long = Array.from({ length: 5_000 }, (_, n) => Math.sin(n).toString(36).slice(2)).join('');
  // No index takes an id of that length.
  const refused = setup({ types: {} as { events: { type: 'GO' } | { type: 'LATER' } } }).createMachine({
    id: 'refused',
    initial: 'A',
    states: { A: { on: { GO: { actions: raise({ type: 'LATER' }, { id: long, delay: HOUR }) }, LATER: {} } } },
  });
  const engine = await bench.worker([
    defineWorkflow({ machine: refused }),
    oneStep('unharmed', defineStep<unknown, string>({ run: () => 'well' })),
  ]);
  const { id } = await engine.start('refused', undefined);
  await engine.send(id, { type: 'GO' });
  const others = Promise.all(Array.from({ length: 20 }, () => engine.start('unharmed', null)));
  expect(await standing(engine, id, 'failed')).toMatchObject({
    state: 'A',
    sequence: 1,
    error: { code: 'NOT_STORABLE' },
  });
  expect(await Promise.all((await others).map((other) => engine.result(other.id, { timeout: 10_000 })))).toEqual(
    Array.from({ length: 20 }, () => 'well'),
  );
  await expect(engine.start('refused', undefined).then((other) => engine.get(other.id))).resolves.toMatchObject({
    state: 'A',
  });
});

test(
  'what is too large to be written at all fails the instance alone, wherever a machine makes it',
  { timeout: 60_000 },
  async () => {
    // Text has at most 2^29 characters in V8; each part is one string, so that it takes memory once.
    const part = 'x'.repeat(2 ** 26);
    const huge = (): unknown => Array.from({ length: 9 }, () => part);
    const machine = setup({
      types: { events: {} as { type: 'KEEP' | 'CALL' } },
      actors: { work: defineStep<unknown, unknown>({ run: () => null }) },
    }).createMachine({
      id: 'huge',
      context: { kept: null as unknown },
      initial: 'A',
      states: {
        A: { on: { KEEP: { actions: assign({ kept: huge }) }, CALL: 'called' } },
        called: { invoke: { src: 'work', input: huge } },
      },
    });
    const engine = await bench.worker([
      defineWorkflow({ machine }),
      oneStep('small', defineStep<unknown, string>({ run: () => 'well' })),
    ]);
    for (const type of ['KEEP'] as const) {
      const { id } = await engine.start('huge', undefined);
      await engine.send(id, { type });
      await expect.poll(async () => (await engine.get(id)).status, { timeout: 60_000 }).toBe('failed');
      expect((await engine.get(id)).error).toMatchObject({ code: 'NOT_STORABLE' });
      const { id: other } = await engine.start('small', null);
      expect(await engine.result(other, { timeout: 10_000 })).toBe('well');
    }
  },
);
