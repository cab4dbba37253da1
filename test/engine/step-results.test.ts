import { assign, fromPromise, setup } from 'xstate';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineStep, defineWorkflow, StepError } from '../../src/index.ts';
import { reached, standing, useBench } from '../support/engine.ts';
import { oneStep } from '../support/machines.ts';

const bench = useBench();

function cycle(): object {
  const value: { self?: object } = {};
  value.self = value;
  return value;
}

describe('schemas', () => {
  const double = defineStep({
    input: z.object({ n: z.coerce.number(), by: z.number().default(2) }),
    output: z.object({ result: z.number().int() }),
    run: ({ input }) => ({ result: input.n * input.by, extra: 'dropped' }),
  });

  test('input and output are what the schemas make of them', async () => {
    const engine = await bench.worker([oneStep('typed', double)]);
    const { id } = await engine.start('typed', { n: '21' } as never);
    expect(await engine.result(id, { timeout: 10_000 })).toEqual({ result: 42 });
    expect(await engine.steps(id)).toMatchObject([
      {
        key: '1:work',
        kind: 'step',
        step: 'work',
        status: 'done',
        input: { n: '21' },
        output: { result: 42 },
        error: null,
        attempts: [],
      },
    ]);
  });

  test('an input that does not fit fails the step for good, and says where', async () => {
    const engine = await bench.worker([oneStep('bad-input', double)]);
    const { id } = await engine.start('bad-input', { n: 'x' } as never);
    const { error } = await standing(engine, id, 'failed');
    expect(error).toMatchObject({
      code: 'INVALID_INPUT',
      class: 'final',
      attempt: 1,
      details: { key: '1:work', step: 'work', issues: [{ path: 'n', message: expect.any(String) }] },
    });
    expect((await engine.steps(id))[0]?.attempts).toHaveLength(1);
  });

  test('an output that does not fit fails the step for good, and says where', async () => {
    const engine = await bench.worker([oneStep('bad-output', double)]);
    const { id } = await engine.start('bad-output', { n: 1.5, by: 1 });
    const { error, steps } = await standing(engine, id, 'failed');
    expect(error).toMatchObject({
      code: 'INVALID_OUTPUT',
      class: 'final',
      message: expect.stringContaining('result'),
      details: { issues: [{ path: 'result' }] },
    });
    expect(steps).toMatchObject([{ status: 'failed', attempt: 1, errorCode: 'INVALID_OUTPUT' }]);
  });

  test.each([
    ['a Date', () => ({ at: new Date() }), 'at'],
    ['NUL', () => ({ list: ['a\0'] }), 'list[0]'],
    ['a Map', () => new Map(), ''],
    ['a cycle', cycle, 'self'],
    ['a function', () => () => 1, ''],
  ])('an output with %s fails the step for good', async (_, run, path) => {
    const engine = await bench.worker([oneStep('not-json', defineStep<unknown, unknown>({ run }))]);
    const { id } = await engine.start('not-json', null);
    expect((await standing(engine, id, 'failed')).error).toMatchObject({
      code: 'INVALID_OUTPUT',
      class: 'final',
      details: { path },
    });
  });
});

test.each([null, undefined, 0, '', false, [], 'text', { a: [null] }])(
  'a machine sees %j as the step returned it',
  async (returned) => {
    const machine = setup({
      types: {} as { context: { kind: string }; output: string },
      actors: { give: fromPromise(async () => returned) },
    }).createMachine({
      id: 'sees',
      context: { kind: 'none' },
      output: ({ context }) => context.kind,
      initial: 'A',
      states: {
        A: {
          invoke: {
            src: 'give',
            onDone: {
              target: 'B',
              actions: assign({ kind: ({ event }) => `${typeof event.output} ${JSON.stringify(event.output)}` }),
            },
          },
        },
        B: { type: 'final' },
      },
    });
    const engine = await bench.worker([defineWorkflow({ machine })]);
    const { id } = await engine.start('sees', undefined);
    expect(await engine.result(id, { timeout: 10_000 })).toBe(`${typeof returned} ${JSON.stringify(returned)}`);
  },
);

test('what is thrown is stored whole: code, class, stack, cause and details', async () => {
  const step = defineStep<unknown, null>({
    run: () => {
      const cause = Object.assign(new Error('socket closed'), { code: 'ECONNRESET' });
      throw new StepError('QUOTA_EXCEEDED', 'No more of it. See https://u:secret@host/x', {
        cause,
        details: { limit: 10, used: 11 },
      });
    },
  });
  const engine = await bench.worker([oneStep('thrown', step)]);
  const { id } = await engine.start('thrown', null);
  const { error, errorCode } = await standing(engine, id, 'failed');
  expect(errorCode).toBe('QUOTA_EXCEEDED');
  expect(error).toMatchObject({
    code: 'QUOTA_EXCEEDED',
    class: 'final',
    name: 'StepError',
    message: 'No more of it. See https://***@host/x',
    attempt: 1,
    stack: expect.stringContaining('step-results.test.ts'),
    cause: { name: 'Error', message: 'socket closed', code: 'ECONNRESET' },
    details: { limit: 10, used: 11, key: '1:work', step: 'work' },
  });
  const [row] = await engine.steps(id);
  expect(row?.error).toMatchObject({ code: 'QUOTA_EXCEEDED', details: { limit: 10 } });
  expect(row?.attempts).toMatchObject([
    {
      attempt: 1,
      outcome: 'failed',
      startedAt: expect.any(Number),
      finishedAt: expect.any(Number),
      error: { code: 'QUOTA_EXCEEDED' },
    },
  ]);
});

test('machines branch on the code in onError, and the history names the step', async () => {
  const pay = defineStep<{ cents: number }, null>({
    retry: { maxAttempts: 1 },
    run: ({ input }) => {
      if (input.cents > 100) throw new StepError('TOO_MUCH', 'Too much.');
      throw new Error('Something else.');
    },
  });
  const machine = setup({
    types: {} as { context: { cents: number }; input: { cents: number } },
    actors: { pay },
  }).createMachine({
    id: 'branches',
    context: ({ input }) => input,
    initial: 'ORDERED',
    states: {
      ORDERED: {
        invoke: {
          src: 'pay',
          input: ({ context }) => context,
          onDone: 'PAID',
          onError: [
            { guard: ({ event }) => (event.error as { code: string }).code === 'TOO_MUCH', target: 'REFUSED' },
            { guard: ({ event }) => (event.error as { code: string }).code === 'UNKNOWN', target: 'UNCLEAR' },
          ],
        },
      },
      PAID: { type: 'final' },
      REFUSED: { type: 'final' },
      UNCLEAR: { type: 'final' },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine, errors: { TOO_MUCH: 'final' } })]);
  const { id } = await engine.start('branches', { cents: 200 });
  await engine.result(id, { timeout: 10_000 });
  expect(await engine.get(id)).toMatchObject({ state: 'REFUSED', status: 'done', error: null, errorCode: null });
  expect((await engine.history(id)).items[1]).toMatchObject({
    from: 'ORDERED',
    to: 'REFUSED',
    payload: null,
    step: { step: 'pay', attempt: 1, status: 'failed', errorCode: 'TOO_MUCH', durationMs: expect.any(Number) },
  });
  const other = await engine.start('branches', { cents: 1 });
  await reached(engine, other.id, 'UNCLEAR');
});

test('a plain fromPromise step gets input and signal', async () => {
  const seen: unknown[] = [];
  const machine = setup({
    actors: {
      plain: fromPromise<string, { n: number }>(async ({ input, signal }) => {
        seen.push(signal instanceof AbortSignal);
        return `n=${input.n}`;
      }),
    },
    types: {} as { context: { text: string }; output: string },
  }).createMachine({
    id: 'plain',
    context: { text: '' },
    output: ({ context }) => context.text,
    initial: 'A',
    states: {
      A: {
        invoke: {
          src: 'plain',
          input: { n: 3 },
          onDone: { target: 'B', actions: assign({ text: ({ event }) => event.output }) },
        },
      },
      B: { type: 'final' },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('plain', undefined);
  expect(await engine.result(id, { timeout: 10_000 })).toBe('n=3');
  expect(seen).toEqual([true]);
});
