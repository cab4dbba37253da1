import { assign, setup } from 'xstate';
import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineStep, defineWorkflow, StepError } from '../../src/index.ts';
import { standing, useBench } from '../support/engine.ts';
import { HeldStep, oneStep, waitsForGo } from '../support/machines.ts';

const bench = useBench();

test('waits for the end, here and in other engines', async () => {
  const held = new HeldStep();
  const workflow = oneStep('waited', held.step());
  const engine = await bench.worker([workflow]);
  const visitor = bench.engine([workflow]);
  const { id } = await engine.start('waited', null);
  const results = [engine.result(id), visitor.result(id), visitor.result(id, { timeout: 10_000 })];
  await held.called(1);
  const released = Date.now();
  held.release(1, { n: 1 });
  expect(await Promise.all(results)).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }]);
  expect(Date.now() - released).toBeLessThan(2_000);
  expect(await visitor.result(id, { timeout: 0 })).toEqual({ n: 1 });
});

test('who waits here is given what is stored, and a copy of their own', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([oneStep('copied', held.step())]);
  const { id } = await engine.start('copied', null);
  const results = [engine.result<{ list: number[] }>(id), engine.result<{ list: number[] }>(id)] as const;
  await held.called(1);
  held.release(1, { list: [0, -0], left: undefined });
  const [one, other] = await Promise.all(results);
  one.list.push(1);
  expect(other).toStrictEqual({ list: [0, 0], left: undefined });
  expect(await engine.result(id)).toStrictEqual(other);
});

test('gives up after the timeout, and the instance goes on', async () => {
  const engine = await bench.worker([waitsForGo('slow')]);
  const { id } = await engine.start('slow', undefined);
  await expect(engine.result(id, { timeout: 30 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect((await engine.get(id)).status).toBe('waiting');
});

test('gives up with the signal, with its reason', async () => {
  const engine = await bench.worker([waitsForGo('abandoned')]);
  const { id } = await engine.start('abandoned', undefined);
  const controller = new AbortController();
  const waiting = engine.result(id, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await expect(engine.result(id, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
});

test('tells of failure, with the error, and of cancellation', async () => {
  const step = defineStep<unknown, null>({ run: () => Promise.reject(new StepError('NOT_FOUND', 'No such thing.')) });
  const engine = await bench.worker([oneStep('fails', step), waitsForGo('cancelled')]);
  const { id } = await engine.start('fails', null);
  await expect(engine.result(id)).rejects.toMatchObject({
    code: 'INSTANCE_FAILED',
    message: expect.stringContaining('No such thing.'),
    details: { error: { code: 'NOT_FOUND', attempt: 1 } },
  });
  const { id: other } = await engine.start('cancelled', undefined);
  const waiting = engine.result(other);
  await engine.cancel(other);
  await expect(waiting).rejects.toMatchObject({ code: 'INSTANCE_CANCELLED' });
});

test('of a failed instance whose retry is asked for it waits for what comes of it', async () => {
  let broken = true;
  const step = defineStep<unknown, string>({
    run: () => {
      if (broken) throw new StepError('NOT_FOUND', 'gone');
      return 'mended';
    },
  });
  const workflow = oneStep('mended', step);
  const engine = await bench.worker([workflow]);
  const { id } = await engine.start('mended', null);
  await standing(engine, id, 'failed');
  await engine.stop();
  broken = false;
  const visitor = bench.engine([workflow]);
  await visitor.retry(id);
  const waiting = visitor.result(id, { timeout: 10_000 });
  await bench.worker([workflow]);
  expect(await waiting).toBe('mended');
});

test('an engine that stops lets nobody wait for ever', async () => {
  const engine = await bench.worker([waitsForGo('left-alone')]);
  const { id } = await engine.start('left-alone', undefined);
  const waiting = expect(engine.result(id)).rejects.toMatchObject({ code: 'ENGINE_STOPPED' });
  const following = (async () => {
    for await (const _ of engine.subscribe({ id }));
    return 'ended';
  })();
  await engine.stop();
  await waiting;
  expect(await following).toBe('ended');
});

test('the types of input, events and output come from the workflow', async () => {
  const typed = defineWorkflow({
    name: 'typed',
    machine: setup({
      types: {} as {
        context: { name: string };
        input: { name: string };
        events: { type: 'RENAME'; to: string };
        output: { name: string };
      },
    }).createMachine({
      id: 'typed',
      context: ({ input }) => ({ name: input.name }),
      output: ({ context }) => ({ name: context.name }),
      initial: 'A',
      states: {
        A: { on: { RENAME: { target: 'B', actions: assign({ name: ({ event }) => event.to }) } } },
        B: { type: 'final' },
      },
    }),
    input: z.object({ name: z.string().default('nobody') }),
  });
  const engine = await bench.worker([typed]);
  expectTypeOf(engine.start<'typed'>)
    .parameter(1)
    .toEqualTypeOf<{ name?: string | undefined }>();
  // @ts-expect-error no workflow of that name
  await expect(engine.start('other', {})).rejects.toMatchObject({ code: 'UNKNOWN_WORKFLOW' });
  // @ts-expect-error not its input
  await expect(engine.start('typed', { name: 7 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  const { id } = await engine.start('typed', {});
  await engine.send(id, { type: 'RENAME', to: 'ada' });
  const output = await engine.result(id, { timeout: 10_000 });
  expectTypeOf(output).toEqualTypeOf<{ name: string }>();
  expect(output).toEqual({ name: 'ada' });
});
