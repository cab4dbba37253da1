import { expect, test } from 'vitest';
import { assign, createMachine, sendTo, setup } from 'xstate';
import { defineWorkflow } from '../../src/index.ts';
import { eventually, reached, standing, useBench } from '../support/engine.ts';
import { waitsForGo } from '../support/machines.ts';

const bench = useBench();

/** Goes round as soon as it is told to, until its context says that it must not. */
const round = (name: string, states: Record<string, object>) =>
  defineWorkflow({
    name,
    machine: createMachine({
      id: name,
      context: { tame: false },
      initial: 'WAITING',
      states: {
        WAITING: { on: { GO: [{ guard: ({ context }) => context.tame, target: 'STOPPED' }, { target: 'A' }] } },
        STOPPED: { type: 'final' },
        ...states,
      },
    }),
  });

test('a machine that goes round within a transition fails where it stands, and can be moved', async () => {
  const engine = await bench.worker([
    round('always-round', { A: { always: 'B' }, B: { always: 'A' } }),
    waitsForGo('beside'),
  ]);
  const { id } = await engine.start('always-round', undefined);
  await engine.send(id, { type: 'GO' });
  const { state, sequence, error } = await standing(engine as never, id, 'failed');
  expect({ state, sequence, error }).toMatchObject({
    state: 'WAITING',
    sequence: 1,
    error: { code: 'ENDLESS_LOOP', details: { states: expect.arrayContaining(['A', 'B']) as string[] } },
  });
  // The worker has not been held up for good.
  const { id: beside } = await engine.start('beside', undefined);
  await engine.send(beside, { type: 'GO' });
  await engine.result(beside, { timeout: 5_000 });
  const patch = [{ op: 'replace' as const, path: '/tame', value: true }];
  await engine.operate(id, { operation: 'edit', patch }, { wait: 5_000 });
  await engine.retry(id);
  await reached(engine, id, 'STOPPED');
});

test.each([
  [
    'by events that it sends itself',
    { entry: sendTo(({ self }) => self, { type: 'ON' }), on: { ON: { target: 'A', reenter: true } } },
  ],
  ['by timers without delay', { after: { 0: { target: 'A', reenter: true } } }],
])('one that goes on %s fails after 1,000 transitions', async (name, A) => {
  const engine = await bench.worker([round(name.replaceAll(/\W+/g, '-'), { A })]);
  const { id } = await engine.start(name.replaceAll(/\W+/g, '-'), undefined);
  await engine.send(id, { type: 'GO' });
  const failed = await eventually(async () => {
    const view = await engine.get(id);
    return view.status === 'failed' && view;
  });
  expect(failed).toMatchObject({ state: 'A', error: { code: 'ENDLESS_LOOP', details: { states: ['A'] } } });
  expect(failed.sequence).toBe(1_002);
  await engine.operate(id, { operation: 'cancel' }, { wait: 5_000 });
  await standing(engine as never, id, 'cancelled');
});

test('one that waits in between may go on', async () => {
  const polls = defineWorkflow({
    machine: setup({ types: { context: {} as { n: number } } }).createMachine({
      id: 'polls',
      context: { n: 0 },
      initial: 'A',
      states: {
        A: {
          after: {
            1: [
              { guard: ({ context }) => context.n === 30, target: 'B' },
              { target: 'A', reenter: true },
            ],
          },
          exit: assign({ n: ({ context }) => context.n + 1 }),
        },
        B: { type: 'final' },
      },
    }),
  });
  const engine = await bench.worker([polls]);
  const { id } = await engine.start('polls', undefined);
  await engine.result(id, { timeout: 10_000 });
});

/** Makes an instance look as if it had made so many transitions. */
async function aged(id: string, sequence: number): Promise<void> {
  await bench.sql`update durachart.transitions set sequence = ${sequence}, diff = (select snapshot from durachart.instances where id = ${id})
    where instance_id = ${id}`;
  await bench.sql`update durachart.instances set sequence = ${sequence} where id = ${id}`;
}

test('an instance that has made 50,000 transitions fails, says what to do, and its fork goes on', async () => {
  const engine = await bench.worker([waitsForGo('old')]);
  const { id } = await engine.start('old', undefined);
  await eventually(
    async () => (await bench.sql`select from durachart.instances where id = ${id} and lease is null`).length === 1,
  );
  await aged(id, 49_999);
  expect((await engine.explain(id)).causes).toMatchObject([
    { code: 'WAITING' },
    {
      code: 'LONG_HISTORY',
      words: expect.stringMatching(/^It has made 49,999 transitions, and fails at 50,000: fork it/) as string,
      transitions: 49_999,
      limit: 50_000,
      operations: [{ operation: 'fork' }],
    },
  ]);
  await engine.send(id, { type: 'STAY' });
  await eventually(async () => (await engine.get(id)).sequence === 50_000);
  await engine.send(id, { type: 'STAY' });
  const failed = await standing(engine as never, id, 'failed');
  expect(failed).toMatchObject({ state: 'WAITING', sequence: 50_000, error: { code: 'HISTORY_TOO_LONG' } });
  const [cause] = (await engine.explain(id)).causes;
  expect(cause).toMatchObject({ code: 'FAILED', error: { code: 'HISTORY_TOO_LONG' } });
  expect(cause?.operations.map(({ operation }) => operation)).toEqual(['fork', 'cancel']);
  expect(await engine.operate(id, { operation: 'rewind', to: 50_000 }, { wait: 5_000 })).toMatchObject({
    status: 'refused',
    code: 'HISTORY_TOO_LONG',
  });

  const { id: fork } = await engine.fork(id);
  await engine.send(fork, { type: 'STAY' });
  await engine.send(fork, { type: 'GO' });
  await reached(engine, fork, 'DONE');
  expect(await engine.get(fork)).toMatchObject({ sequence: 3, context: { stays: 2 } });
  await engine.cancel(id, { wait: 5_000 });
  await standing(engine as never, id, 'cancelled');
});

test('a machine with a cancel event of its own can be cancelled, though it can take no event any more', async () => {
  const own = defineWorkflow({
    machine: setup({ types: { events: {} as { type: 'LEAVE' } } }).createMachine({
      id: 'own-cancel',
      initial: 'HERE',
      states: { HERE: { on: { LEAVE: 'GONE' } }, GONE: { type: 'final' } },
    }),
    controls: { cancel: 'LEAVE' },
  });
  const engine = await bench.worker([own]);
  const { id } = await engine.start('own-cancel', undefined);
  await eventually(
    async () => (await bench.sql`select from durachart.instances where id = ${id} and lease is null`).length === 1,
  );
  await aged(id, 50_000);
  await engine.cancel(id, { wait: 5_000 });
  expect((await engine.get(id)).status).toBe('cancelled');
});
