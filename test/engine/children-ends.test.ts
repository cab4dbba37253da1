import { fromPromise, setup, type AnyStateMachine } from 'xstate';
import { expect, test } from 'vitest';
import { defineStep, defineWorkflow, StepError } from '../../src/index.ts';
import { eventually, reached, standing, useBench } from '../support/engine.ts';
import { HeldStep } from '../support/machines.ts';

const bench = useBench();

/** Whether steps that may break do; set by each test. */
const world = { broken: true };

const breaks = defineStep<unknown, string>({
  run: () => {
    if (world.broken) throw new StepError('QUOTA_EXCEEDED', 'No more.', { details: { limit: 3 } });
    return 'well';
  },
});

const fragile = setup({ actors: { breaks } }).createMachine({
  id: 'fragile',
  initial: 'TRIES',
  states: { TRIES: { invoke: { id: 'try', src: 'breaks', onDone: 'DONE' } }, DONE: { type: 'final' } },
});

/** A parent of one child. */
function over(id: string, child: AnyStateMachine, onError?: string): AnyStateMachine {
  return setup({ actors: { child }, types: {} as { events: { type: 'LEAVE' } } }).createMachine({
    id,
    initial: 'A',
    states: {
      A: {
        invoke: {
          id: 'child',
          src: 'child',
          onDone: 'DONE',
          ...(onError === undefined ? {} : { onError: 'HANDLED' as const }),
        },
        on: { LEAVE: 'LEFT' },
      },
      LEFT: {},
      HANDLED: { type: 'final' },
      DONE: { type: 'final' },
    },
  });
}

test("a child's failure is an error that its parent may handle", async () => {
  world.broken = true;
  const machine = setup({ actors: { fragile } }).createMachine({
    id: 'handles',
    initial: 'A',
    states: {
      A: {
        invoke: {
          src: 'fragile',
          onDone: 'DONE',
          onError: [
            {
              guard: ({ event }) =>
                (event.error as { code: string; details: { limit: number } }).code === 'QUOTA_EXCEEDED' &&
                (event.error as { details: { limit: number } }).details.limit === 3,
              target: 'HANDLED',
            },
          ],
        },
      },
      HANDLED: { type: 'final' },
      DONE: { type: 'final' },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('handles', undefined);
  await reached(engine, id, 'HANDLED');
  expect((await engine.history(id)).items[1]?.step).toMatchObject({
    step: 'fragile',
    status: 'failed',
    errorCode: 'QUOTA_EXCEEDED',
  });
});

test('with no handler all of them fail, and a retry of the topmost brings all on', async () => {
  world.broken = true;
  const engine = await bench.worker([defineWorkflow({ machine: over('top', over('middle', fragile)) })]);
  const { id } = await engine.start('top', undefined, { id: 'top-1' });
  const { error } = await standing(engine, id, 'failed');
  expect(error).toMatchObject({ code: 'QUOTA_EXCEEDED', details: { limit: 3 } });
  for (const inner of ['top-1.1.child', 'top-1.1.child.1.child']) await standing(engine, inner, 'failed');
  world.broken = false;
  await engine.retry(id);
  await engine.result(id, { timeout: 10_000 });
  expect((await engine.get('top-1.1.child.1.child')).status).toBe('done');
  expect((await engine.get('top-1.1.child')).status).toBe('done');
});

test('a retry of the child alone brings its parent on as well', async () => {
  world.broken = true;
  const engine = await bench.worker([defineWorkflow({ machine: over('above', fragile) })]);
  const { id } = await engine.start('above', undefined);
  await standing(engine, id, 'failed');
  world.broken = false;
  await engine.retry(`${id}.1.child`);
  await reached(engine, id, 'DONE');
  expect(await engine.get(id)).toMatchObject({ status: 'done', error: null });
});

test('a child that failed as it was to begin begins once it is retried, by itself or with its parent', async () => {
  const late = setup({ types: {} as { context: { at: string } } }).createMachine({
    id: 'late',
    context: () => {
      if (world.broken) throw new Error('not yet');
      return { at: 'last' };
    },
    initial: 'DONE',
    states: { DONE: { type: 'final' } },
  });
  const engine = await bench.worker([defineWorkflow({ machine: over('over-late', late) })]);
  for (const whom of ['parent', 'child'] as const) {
    world.broken = true;
    const { id } = await engine.start('over-late', undefined);
    await standing(engine, id, 'failed');
    world.broken = false;
    const [step] = await engine.steps(id);
    await engine.operate(whom === 'parent' ? id : (step?.childId as string), { operation: 'retry' }, { wait: 10_000 });
    await reached(engine, id, 'DONE');
  }
});

test('a parent that is retried although its child was cancelled is told so, and does not hang', async () => {
  world.broken = true;
  const engine = await bench.worker([defineWorkflow({ machine: over('bereft', fragile) })]);
  const { id } = await engine.start('bereft', undefined);
  await standing(engine, id, 'failed');
  await engine.cancel(`${id}.1.child`);
  await standing(engine, `${id}.1.child`, 'cancelled');
  await eventually(async () => (await engine.get(id)).steps[0]?.errorCode === 'CANCELLED');
  await engine.retry(id);
  await expect(engine.result(id, { timeout: 10_000 })).rejects.toMatchObject({
    code: 'INSTANCE_FAILED',
    details: { error: { code: 'CANCELLED' } },
  });
});

test('a parent that leaves stops its child, and what the child started', async () => {
  const held = new HeldStep();
  const busy = setup({ actors: { work: held.step() } }).createMachine({
    id: 'busy-child',
    initial: 'A',
    states: { A: { invoke: { src: 'work' } } },
  });
  const engine = await bench.worker([defineWorkflow({ machine: over('leaver', over('between', busy)) })]);
  const { id } = await engine.start('leaver', undefined);
  const { signal } = await held.called(1);
  await engine.send(id, { type: 'LEAVE' });
  await reached(engine, id, 'LEFT');
  await standing(engine, `${id}.1.child.1.child`, 'cancelled');
  expect(signal.aborted).toBe(true);
  expect(await engine.get(id)).toMatchObject({ status: 'waiting', steps: [], children: [{ status: 'cancelled' }] });
  expect((await engine.steps(id))[0]).toMatchObject({ status: 'stopped' });
});

test("the cancel of a parent ends its family, the cancel of a child is its parent's error", async () => {
  const held = new HeldStep();
  const busy = setup({ actors: { work: held.step() } }).createMachine({
    id: 'busy-too',
    initial: 'A',
    states: { A: { invoke: { src: 'work' } } },
  });
  const engine = await bench.worker([
    defineWorkflow({ machine: over('head', over('neck', busy)) }),
    defineWorkflow({ machine: over('copes', busy, 'HANDLED') }),
  ]);
  const { id } = await engine.start('head', undefined);
  await held.called(1);
  await engine.cancel(id);
  for (const one of [id, `${id}.1.child`, `${id}.1.child.1.child`]) await standing(engine, one, 'cancelled');
  const { id: other } = await engine.start('copes', undefined);
  await held.called(2);
  await engine.cancel(`${other}.1.child`);
  await reached(engine, other, 'HANDLED');
});

test('a late answer of a child that was stopped counts for nothing, nor does one for an earlier visit', async () => {
  const doors: ((value: string) => void)[] = [];
  const slow = setup({
    actors: { work: fromPromise(async () => new Promise<string>((resolve) => doors.push(resolve))) },
  }).createMachine({
    id: 'slow-child',
    initial: 'A',
    states: { A: { invoke: { src: 'work', onDone: 'B' } }, B: { type: 'final' } },
  });
  const machine = setup({ actors: { slow }, types: {} as { events: { type: 'AGAIN' } } }).createMachine({
    id: 'revisits',
    initial: 'A',
    states: {
      A: { invoke: { id: 'child', src: 'slow', onDone: 'DONE' }, on: { AGAIN: { target: 'A', reenter: true } } },
      DONE: { type: 'final' },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('revisits', undefined);
  await eventually(() => doors.length === 1);
  // The first child's answer is on its way when its parent starts another.
  const key = '1:child';
  await engine.send(id, { type: 'AGAIN' });
  await eventually(() => doors.length === 2);
  doors[0]?.('late');
  await bench.sql`insert into durachart.events (instance_id, type, payload, source, fence, created_at) values (${id}, 'xstate.done.actor.child', '{}', 'instance', ${key}, now())`;
  await bench.sql`update durachart.instances set wake = wake + 1, wake_at = now() where id = ${id}`;
  await bench.sql`select pg_notify('durachart_work', ${id})`;
  await eventually(
    async () =>
      (
        await bench.sql`select from durachart.events where fence = ${key} and instance_id = ${id} and status = 'ignored'`
      ).length > 0,
  );
  expect(await engine.get(id)).toMatchObject({ state: 'A', status: 'running' });
  doors[1]?.('in time');
  await reached(engine, id, 'DONE');
});
