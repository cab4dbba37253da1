import { assign, setup } from 'xstate';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineStep, defineWorkflow, StepError, type Engine } from '../../../src/index.ts';
import { eventually, standing, useBench } from '../../support/engine.ts';

const bench = useBench();

/** What the step `work` does, by instance id; a test sets it. */
const behaviour = new Map<string, (attempt: number, input: { amount: number }) => Sum | Promise<Sum>>();
const calls: { id: string; key: string; input: unknown }[] = [];

const work = defineStep({
  input: z.object({ amount: z.number() }),
  output: z.object({ sum: z.number() }),
  retry: { maxAttempts: 1 },
  run: ({ input, instance, key, attempt }) => {
    calls.push({ id: instance.id, key, input });
    return behaviour.get(instance.id)?.(attempt, input) ?? { sum: input.amount };
  },
});

interface Sum {
  sum: number;
}

interface Context {
  amount: number;
  sum: number;
}

const machine = setup({
  types: {
    context: {} as Context,
    input: {} as { amount: number },
    events: {} as { type: 'GO' } | { type: 'AGAIN' } | { type: 'STOP' },
  },
  actors: { work },
}).createMachine({
  id: 'moves',
  context: ({ input }) => ({ amount: input.amount, sum: 0 }),
  initial: 'NEW',
  states: {
    NEW: { on: { GO: 'READY' }, after: { 3_600_000: 'LATE' } },
    READY: {
      invoke: {
        id: 'work',
        src: 'work',
        input: ({ context }) => ({ amount: context.amount }),
        onDone: { target: 'WORKED', actions: assign({ sum: ({ event }) => event.output.sum }) },
      },
    },
    WORKED: { on: { AGAIN: 'READY', STOP: 'STOPPED' } },
    LATE: {},
    STOPPED: { type: 'final' },
  },
  output: ({ context }) => context.sum,
});
const moves = defineWorkflow({
  machine,
  context: z.object({ amount: z.number().max(1_000), sum: z.number() }),
  controls: { cancel: 'STOP' },
});

const wait = 5_000;

async function worked(engine: Engine<readonly [typeof moves]>, id: string): Promise<string> {
  await engine.start('moves', { amount: 1 }, { id });
  await engine.send(id, { type: 'GO' });
  await eventually(async () => (await engine.get(id)).state === 'WORKED');
  return id;
}

describe('rewind', () => {
  test('goes back, does it again under another key, and keeps the history', async () => {
    const engine = await bench.worker([moves]);
    const id = await worked(engine, 'rewound');
    const done = await engine.operate(id, { operation: 'rewind', to: 2 }, { by: 'ada', why: 'again', wait });
    expect(done).toMatchObject({
      status: 'applied',
      by: 'ada',
      why: 'again',
      before: { state: 'WORKED', sequence: 3 },
      after: { state: 'READY', sequence: 4, status: 'running' },
      repeats: [{ key: '2:work', step: 'work', status: 'done' }],
    });
    await eventually(async () => (await engine.get(id)).state === 'WORKED');
    expect(calls.filter((call) => call.id === id).map(({ key }) => key)).toEqual(['rewound:2:work', 'rewound:4:work']);
    const history = await engine.history(id);
    expect(history.items.map(({ sequence, event, to }) => [sequence, event, to])).toEqual([
      [1, 'xstate.init', 'NEW'],
      [2, 'GO', 'READY'],
      [3, 'xstate.done.actor.work', 'WORKED'],
      [4, 'durachart.rewind', 'READY'],
      [5, 'xstate.done.actor.work', 'WORKED'],
    ]);
  });

  test('arms timers again, with the time that they had left', async () => {
    const engine = await bench.worker([moves]);
    const id = await worked(engine, 'rearmed');
    expect((await engine.get(id)).timers).toEqual([]);
    await engine.operate(id, { operation: 'rewind', to: 1 }, { wait });
    const view = await engine.get(id);
    expect(view).toMatchObject({ state: 'NEW', status: 'waiting' });
    const left = (view.timers[0]?.dueAt.getTime() ?? 0) - Date.now();
    expect(left).toBeGreaterThan(3_500_000);
  });

  test('brings back what had ended', async () => {
    const engine = await bench.worker([moves]);
    const id = await worked(engine, 'ended');
    await engine.send(id, { type: 'STOP' });
    expect(await engine.result(id)).toBe(1);
    await engine.operate(id, { operation: 'rewind', to: 3 }, { wait });
    expect(await engine.get(id)).toMatchObject({ status: 'waiting', state: 'WORKED', finishedAt: null });
  });
});

describe('skip', () => {
  test('goes on with an output given by hand', async () => {
    const engine = await bench.worker([moves]);
    behaviour.set('skipped', () => {
      throw new StepError('API_KEY_INVALID', 'wrong key');
    });
    await engine.start('moves', { amount: 1 }, { id: 'skipped' });
    await engine.send('skipped', { type: 'GO' });
    await standing(engine, 'skipped', 'failed');
    await expect(async () =>
      engine.operate('skipped', { operation: 'skip', step: 'work', output: { sum: 'x' } }),
    ).rejects.toMatchObject({ code: 'INVALID_OUTPUT' });
    await engine.operate('skipped', { operation: 'skip', step: 'work', output: { sum: 42 } }, { wait });
    expect(await engine.get('skipped')).toMatchObject({
      state: 'WORKED',
      status: 'waiting',
      context: { sum: 42 },
      error: null,
    });
  });
});

describe('edit', () => {
  test('gives a failed step the new input, as an invocation of its own', async () => {
    const engine = await bench.worker([moves]);
    behaviour.set('edited', (_attempt, { amount }) => {
      if (amount < 0) throw new StepError('INVALID_INPUT', 'negative');
      return { sum: amount };
    });
    await engine.start('moves', { amount: -1 }, { id: 'edited' });
    await engine.send('edited', { type: 'GO' });
    await standing(engine, 'edited', 'failed');
    const patch = [{ op: 'replace' as const, path: '/amount', value: 7 }];
    const done = await engine.operate('edited', { operation: 'edit', patch }, { wait });
    expect(done).toMatchObject({ status: 'applied', result: { renewed: ['3:work'], kept: [] } });
    expect(await engine.get('edited')).toMatchObject({ status: 'failed', context: { amount: 7 } });
    await engine.retry('edited');
    await eventually(async () => (await engine.get('edited')).state === 'WORKED');
    expect((await engine.get('edited')).context).toEqual({ amount: 7, sum: 7 });
  });

  test('is refused where the patch or the context is wrong', async () => {
    const engine = await bench.worker([moves]);
    const id = await worked(engine, 'badly-edited');
    const edit = async (patch: object[]) => engine.operate(id, { operation: 'edit', patch: patch as never });
    await expect(edit([{ op: 'replace', path: '/nowhere/at', value: 7 }])).rejects.toMatchObject({
      code: 'INVALID_PATCH',
    });
    await expect(edit([{ op: 'replace', path: '/amount', value: 7_000 }])).rejects.toMatchObject({
      code: 'INVALID_CONTEXT',
    });
  });
});

describe('pause', () => {
  test('lets what runs end, begins nothing, keeps events, and goes on when unpaused', async () => {
    const engine = await bench.worker([moves]);
    const gate = Promise.withResolvers<void>();
    behaviour.set('paused', async (_attempt, { amount }) => {
      await gate.promise;
      return { sum: amount };
    });
    await engine.start('moves', { amount: 1 }, { id: 'paused' });
    await engine.send('paused', { type: 'GO' });
    await eventually(() => calls.some(({ id }) => id === 'paused'));
    await engine.operate('paused', { operation: 'pause' }, { wait });
    gate.resolve();
    await eventually(async () => (await engine.steps('paused'))[0]?.status === 'done');
    expect(await engine.get('paused')).toMatchObject({ status: 'paused', state: 'READY' });
    await engine.operate('paused', { operation: 'unpause' }, { wait });
    await eventually(async () => (await engine.get('paused')).state === 'WORKED');
  });
});

describe('fork', () => {
  test('stands where the other one stood, and goes on by itself', async () => {
    const engine = await bench.worker([moves]);
    const id = await worked(engine, 'forked');
    const patch = [{ op: 'replace' as const, path: '/amount', value: 9 }];
    const fork = await engine.fork(id, { from: 2, patch }, { by: 'ada', key: 'once' });
    expect(await engine.fork(id, { from: 2, patch }, { by: 'ada', key: 'once' })).toEqual({
      id: fork.id,
      created: false,
    });
    await eventually(async () => (await engine.get(fork.id)).state === 'WORKED');
    expect((await engine.get(fork.id)).context).toEqual({ amount: 9, sum: 9 });
    expect((await engine.operations({ target: 'instance', targetId: fork.id })).items).toMatchObject([
      { operation: 'fork', by: 'ada', status: 'applied' },
    ]);
  });
});

describe('cancel', () => {
  test("uses the machine's own event where the state takes it", async () => {
    const engine = await bench.worker([moves]);
    const id = await worked(engine, 'own-cancel');
    expect(await engine.cancel(id, { wait })).toMatchObject({ status: 'applied', result: { event: 'STOP' } });
    expect(await engine.get(id)).toMatchObject({ status: 'done', state: 'STOPPED' });
    expect(await engine.cancel(id)).toBeNull();
  });
});

test('an operation with the same key is done once', async () => {
  const engine = await bench.worker([moves]);
  const id = await worked(engine, 'keyed');
  const first = await engine.operate(id, { operation: 'pause' }, { key: 'k', wait });
  expect(await engine.operate(id, { operation: 'pause' }, { key: 'k', wait })).toEqual(first);
  await expect(engine.operate(id, { operation: 'pause' })).rejects.toMatchObject({ code: 'ALREADY_PAUSED' });
  await expect(engine.operate(id, { operation: 'unpause' }, { key: 'k' })).rejects.toMatchObject({
    code: 'KEY_REUSED',
  });
  const rewind = async (to: number) => engine.operate(id, { operation: 'rewind', to }, { key: 'r', wait });
  expect((await rewind(1)).id).toBe((await rewind(1)).id);
  await expect(rewind(2)).rejects.toMatchObject({ code: 'KEY_REUSED' });
  const edit = async (sum: number) =>
    engine.operate(id, { operation: 'edit', patch: [{ op: 'replace', path: '/sum', value: sum }] }, { key: 'e', wait });
  expect((await edit(1)).id).toBe((await edit(1)).id);
  await expect(edit(2)).rejects.toMatchObject({ code: 'KEY_REUSED' });
});
