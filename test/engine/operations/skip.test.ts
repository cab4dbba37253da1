import { assign, setup } from 'xstate';
import { expect, test } from 'vitest';
import { defineStep, defineWorkflow, StepError } from '../../../src/index.ts';
import { eventually, standing, useBench } from '../../support/engine.ts';

const bench = useBench();
const wait = 5_000;

/** What the step comes to, once it may. */
const gates = new Map<string, PromiseWithResolvers<string>>();
let aborted = 0;
const slow = defineStep<unknown, string>({
  retry: { maxAttempts: 1 },
  run: async ({ instance, signal }) => {
    signal.addEventListener('abort', () => aborted++);
    return (gates.get(instance.id) as PromiseWithResolvers<string>).promise;
  },
});

const machine = (state: string) =>
  setup({ types: { context: {} as { by: string } }, actors: { slow } }).createMachine({
    id: 'skips',
    context: { by: 'nobody' },
    initial: state,
    states: {
      [state]: {
        invoke: {
          id: 'slow',
          src: 'slow',
          onDone: { target: 'DONE', actions: assign({ by: ({ event }) => event.output }) },
        },
      },
      DONE: {},
    },
  });
const skips = defineWorkflow({ machine: machine('WORKING') });

for (const late of ['is done', 'fails'] as const) {
  test(`what is skipped while the instance is paused stays skipped when its attempt ${late}`, async () => {
    const id = `late-${late.replace(' ', '-')}`;
    const gate = Promise.withResolvers<string>();
    gates.set(id, gate);
    const engine = await bench.worker([skips]);
    await engine.start('skips', undefined, { id });
    await eventually(async () => (await engine.steps(id))[0]?.status === 'running');
    await engine.operate(id, { operation: 'pause' }, { wait });
    const before = aborted;
    await engine.operate(id, { operation: 'skip', step: 'slow', output: 'ada' }, { wait });
    expect(aborted).toBe(before + 1);
    if (late === 'is done') gate.resolve('the step');
    else gate.reject(new StepError('INVALID_INPUT', 'no'));
    await engine.operate(id, { operation: 'unpause' }, { wait });
    await eventually(async () => (await engine.get(id)).state === 'DONE');
    expect((await engine.get(id)).context).toEqual({ by: 'ada' });
    expect(await engine.steps(id)).toMatchObject([{ status: 'done', output: 'ada' }]);
  });
}

test('in a state that the code no longer has, nothing can be skipped', async () => {
  gates.set('gone', Promise.withResolvers());
  const before = await bench.worker([skips]);
  await before.start('skips', undefined, { id: 'gone' });
  await eventually(async () => (await before.steps('gone'))[0]?.status === 'running');
  await before.stop({ grace: 0 });
  const engine = await bench.worker([defineWorkflow({ machine: machine('RENAMED') })]);
  await standing(engine, 'gone', 'failed');
  const done = await engine.operate('gone', { operation: 'skip', step: 'slow', output: 'ada' }, { wait });
  expect(done).toMatchObject({ status: 'refused', code: 'STATE_UNKNOWN' });
});
