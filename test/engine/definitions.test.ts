import { fromPromise, setup } from 'xstate';
import { expect, test } from 'vitest';
import { defineStep, defineWorkflow } from '../../src/index.ts';
import { eventually, reached, standing, useBench } from '../support/engine.ts';
import { HeldStep, oneStep, waitsForGo } from '../support/machines.ts';

const bench = useBench();

test('two workflows of one name are refused, also when one is the child of another', () => {
  const child = setup({}).createMachine({ id: 'twin', initial: 'A', states: { A: {} } });
  const parent = defineWorkflow({
    machine: setup({ actors: { child } }).createMachine({
      id: 'parent',
      initial: 'A',
      states: { A: { invoke: { src: 'child' } } },
    }),
  });
  expect(() => bench.engine([waitsForGo('twin'), waitsForGo('twin')])).toThrow(
    expect.objectContaining({ code: 'DUPLICATE_WORKFLOW' }),
  );
  expect(() => bench.engine([parent, waitsForGo('twin')])).toThrow(
    expect.objectContaining({ code: 'DUPLICATE_WORKFLOW' }),
  );
  const same = waitsForGo('same');
  expect(() => bench.engine([same, same])).not.toThrow();
});

test('a state that the code no longer has fails the instance, and a retry goes on once it is back', async () => {
  const before = defineWorkflow({
    machine: setup({ types: {} as { events: { type: 'GO' } } }).createMachine({
      id: 'evolves',
      version: '1',
      initial: 'OLD',
      states: { OLD: { on: { GO: 'DONE' } }, DONE: { type: 'final' } },
    }),
  });
  const after = defineWorkflow({
    machine: setup({ types: {} as { events: { type: 'GO' } } }).createMachine({
      id: 'evolves',
      version: '2',
      initial: 'NEW',
      states: { NEW: { on: { GO: 'DONE' } }, DONE: { type: 'final' } },
    }),
  });
  const old = await bench.worker([before]);
  const { id } = await old.start('evolves', undefined);
  await reached(old, id, 'OLD');
  await old.send(id, { type: 'GO' }).catch(() => {});
  await old.stop();
  const { id: stuck } = await bench.engine([before]).start('evolves', undefined);
  await bench.engine([before]).send(stuck, { type: 'GO' });

  const next = await bench.worker([after]);
  expect(await standing(next, stuck, 'failed')).toMatchObject({
    state: 'OLD',
    errorCode: 'STATE_UNKNOWN',
    sequence: 1,
    version: '1',
    accepts: [],
    value: 'OLD',
  });
  await eventually(
    async () => (await bench.sql`select from durachart.instances where id = ${stuck} and lease is null`).length === 1,
  );
  // New ones are not held up by it.
  const { id: fresh } = await next.start('evolves', undefined);
  await next.send(fresh, { type: 'GO' });
  await next.result(fresh, { timeout: 10_000 });
  // Asked for too early, the retry waits for the state to be back.
  await next.retry(stuck);
  await eventually(
    async () => (await bench.sql`select from durachart.instances where id = ${stuck} and lease is null`).length === 1,
  );
  await next.stop();

  const back = await bench.worker([before]);
  await back.retry(stuck);
  await reached(back, stuck, 'DONE');
  expect(await back.get(stuck)).toMatchObject({ status: 'done', error: null });
});

test('a step that the code no longer has fails as one that is unknown', async () => {
  const machineOf = (name: string) =>
    setup({
      actors: { [name]: fromPromise(async () => null) } as Record<string, ReturnType<typeof fromPromise>>,
    }).createMachine({
      id: 'loses-step',
      initial: 'A',
      states: { A: { invoke: { id: 'it', src: name, onDone: 'B' } }, B: { type: 'final' } },
    });
  const visitor = bench.engine([defineWorkflow({ machine: machineOf('old') })]);
  const { id } = await visitor.start('loses-step', undefined);
  const engine = await bench.worker([defineWorkflow({ machine: machineOf('new') })]);
  expect((await standing(engine, id, 'failed')).error).toMatchObject({
    code: 'STEP_UNKNOWN',
    message: expect.stringContaining('old'),
  });
  await engine.stop();
  const back = await bench.worker([defineWorkflow({ machine: machineOf('old') })]);
  await back.retry(id);
  await back.result(id, { timeout: 10_000 });
});

test('workers of different code share a database: each takes what it knows', async () => {
  const a = oneStep('only-a', defineStep<unknown, string>({ run: () => 'a' }));
  const b = oneStep('only-b', defineStep<unknown, string>({ run: () => 'b' }));
  await bench.worker([a]);
  const engine = await bench.worker([b]);
  const visitor = bench.engine([a, b]);
  const { id: first } = await visitor.start('only-a', null);
  const { id: second } = await visitor.start('only-b', null);
  expect(await engine.result(first, { timeout: 10_000 })).toBe('a');
  expect(await engine.result(second, { timeout: 10_000 })).toBe('b');
});

test('a restart in the middle goes on where it was, with context, history state and timers', async () => {
  const held = new HeldStep();
  const machine = setup({
    types: {} as { events: { type: 'PAUSE' } | { type: 'RESUME' } },
    actors: { work: held.step() },
  }).createMachine({
    id: 'restarts',
    initial: 'plays',
    states: {
      plays: {
        initial: 'one',
        on: { PAUSE: 'paused' },
        states: {
          one: { invoke: { src: 'work', onDone: 'two' } },
          two: {},
          back: { type: 'history', history: 'deep' },
        },
      },
      paused: { on: { RESUME: 'plays.back' } },
    },
  });
  const workflow = defineWorkflow({ machine });
  const events: [string, string][] = [
    ['PAUSE', 'paused'],
    ['RESUME', 'plays.two'],
    ['PAUSE', 'paused'],
  ];
  const first = await bench.worker([workflow]);
  const { id } = await first.start('restarts', undefined);
  await held.called(1);
  held.release(1);
  await reached(first, id, 'plays.two');
  await first.stop();
  for (const [index, [type, state]] of events.entries()) {
    const engine = await bench.worker([workflow]);
    await engine.send(id, { type });
    await eventually(async () => (await engine.get(id)).sequence === index + 3);
    expect((await engine.get(id)).state).toBe(state);
    await engine.stop();
  }
});
