import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineStep, defineTrigger } from '../../src/index.ts';
import { useBench } from '../support/engine.ts';
import { HeldStep, oneStep, waitsForGo } from '../support/machines.ts';

const bench = useBench();

const double = oneStep(
  'double',
  defineStep({ input: z.int(), output: z.object({ doubled: z.int() }), run: ({ input }) => ({ doubled: 2 * input }) }),
);
const triggerDouble = defineTrigger(double);

test('starts, tells where the instance stands, and waits for its typed output', async () => {
  const engine = await bench.worker([double, waitsForGo('other')]);
  const triggered = await triggerDouble(engine, 21, { tags: ['answer'] });
  const output = await triggered.result({ timeout: 10_000 });
  expectTypeOf(output).toEqualTypeOf<{ doubled: number }>();
  expect(output).toEqual({ doubled: 42 });
  expect(await triggered.status()).toMatchObject({ id: triggered.id, status: 'done', state: 'DONE', tags: ['answer'] });
});

test('with the key of another one it is that one', async () => {
  const engine = bench.engine([double]);
  const first = await triggerDouble(engine, 1, { key: 'one' });
  const second = await triggerDouble(engine, 1, { key: 'one' });
  expect([first.created, second.created]).toEqual([true, false]);
  expect(second.id).toBe(first.id);
  await expect(triggerDouble(engine, 2, { key: 'one' })).rejects.toMatchObject({ code: 'KEY_REUSED' });
});

test('cancels, and says who and why', async () => {
  const held = new HeldStep();
  const holding = oneStep('holding', held.step());
  const engine = await bench.worker([holding]);
  const triggered = await defineTrigger(holding)(engine, null);
  const { signal } = await held.called(1);
  expect(await triggered.cancel({ by: 'ada', why: 'not needed', wait: 10_000 })).toMatchObject({
    operation: 'cancel',
    by: 'ada',
    why: 'not needed',
  });
  await expect(triggered.result({ timeout: 10_000 })).rejects.toMatchObject({ code: 'INSTANCE_CANCELLED' });
  expect(signal.aborted).toBe(true);
  expect(await triggered.cancel()).toBeNull();
});

test('an engine without the workflow, and a wrong input, are refused by the compiler too', async () => {
  // @ts-expect-error the engine does not know the workflow
  await expect(triggerDouble(bench.engine([waitsForGo('other')]), 1)).rejects.toMatchObject({
    code: 'UNKNOWN_WORKFLOW',
  });
  const checked = oneStep('checked', defineStep({ input: z.int(), run: ({ input }) => input }), { input: z.int() });
  // @ts-expect-error the workflow takes a number
  await expect(defineTrigger(checked)(bench.engine([checked]), 'one')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});
