import { expect, test } from 'vitest';
import { defineStep } from '../../src/index.ts';
import { eventually, reached, standing, useBench } from '../support/engine.ts';
import { HOUR, ManualClock, YEAR } from '../support/manual-clock.ts';
import { HeldStep, oneStep, waitsForGo } from '../support/machines.ts';

const bench = useBench();

test('starts when its time has come, not before', async () => {
  const engine = await bench.worker([waitsForGo('later')]);
  const startAt = new Date(Date.now() + 300);
  const { id } = await engine.start('later', undefined, { startAt });
  expect(await engine.get(id)).toMatchObject({ status: 'scheduled', sequence: 0, value: null, accepts: [] });
  const { at } = await reached(engine, id, 'WAITING');
  expect(at.getTime()).toBeGreaterThanOrEqual(startAt.getTime());
  expect(at.getTime()).toBeLessThan(startAt.getTime() + 2_000);
});

test('waits for years, as long as the time needs, whatever is sent meanwhile', async () => {
  const clock = new ManualClock();
  const engine = await bench.worker([waitsForGo('much-later')], { clock, deadAfter: 100 * YEAR });
  const { id } = await engine.start('much-later', undefined, { startAt: new Date(clock.now() + 3 * YEAR) });
  // Kept in its inbox until there is a state to take it; it does not begin for it.
  expect(await engine.send(id, { type: 'GO' })).toEqual({ duplicate: false });
  clock.advance(2 * YEAR);
  // Once this one has begun, the worker has looked at everything that it might have taken.
  const { id: other } = await bench
    .engine([waitsForGo('much-later')], { clock })
    .start('much-later', undefined, { startAt: new Date(clock.now() + 1) });
  await reached(engine, other, 'WAITING');
  expect(await engine.get(id)).toMatchObject({ status: 'scheduled', sequence: 0 });
  clock.advance(YEAR + HOUR);
  await reached(engine, id, 'DONE');
});

test('takes what was sent before it began, also where a worker had it in hand when its time came', async () => {
  const clock = new ManualClock();
  const engine = await bench.worker([waitsForGo('soon')], { clock });
  const { id } = await engine.start('soon', undefined, { startAt: new Date(clock.now() + HOUR) });
  await engine.send(id, { type: 'GO' });
  await engine.operate(id, { operation: 'pause' }, { wait: 10_000 });
  clock.advance(HOUR - 900);
  // An operation is done at once; what is due so soon after it is waited for in hand.
  await engine.operate(id, { operation: 'unpause' }, { wait: 10_000 });
  expect(await engine.get(id)).toMatchObject({ status: 'scheduled', sequence: 0 });
  clock.advance(900);
  await reached(engine, id, 'DONE');
});

test('is cancelled before it has begun', async () => {
  const engine = await bench.worker([waitsForGo('never')]);
  const { id } = await engine.start('never', undefined, { startAt: new Date(Date.now() + HOUR) });
  await engine.cancel(id);
  expect(await standing(engine, id, 'cancelled')).toMatchObject({ sequence: 0, state: '' });
  expect((await engine.history(id)).items).toEqual([]);
});

test('begins at once when the time is past, however far', async () => {
  for (const startAt of [new Date(Date.now() - HOUR), new Date(-8.64e15)]) {
    const engine = await bench.worker([waitsForGo('past')]);
    const { id } = await engine.start('past', undefined, { startAt });
    expect(await engine.get(id)).toMatchObject({ state: 'WAITING' });
  }
});

test('what was started with no worker up begins when one comes', async () => {
  const step = defineStep<unknown, string>({ run: () => 'ran' });
  const workflow = oneStep('unattended', step);
  const visitor = bench.engine([workflow]);
  const { id } = await visitor.start('unattended', null);
  expect(await visitor.get(id)).toMatchObject({
    state: 'BEGUN',
    status: 'running',
    steps: [{ status: 'queued', attempt: 0 }],
  });
  const waiting = visitor.result(id, { timeout: 10_000 });
  await bench.worker([workflow]);
  expect(await waiting).toBe('ran');
});

test('under a limit of one, higher priority goes first, and equals in order', async () => {
  const order: unknown[] = [];
  const held = new HeldStep();
  const first = held.step();
  const note = defineStep<unknown, null>({
    run: ({ input }) => {
      order.push(input);
      return null;
    },
  });
  const workflows = [oneStep('holds-place', first), oneStep('in-line', note)] as const;
  const engine = await bench.worker(workflows, { concurrency: 1 });
  await engine.start('holds-place', null);
  await held.called(1);
  const ids: string[] = [];
  for (const [name, priority] of [
    ['b1', 5],
    ['c1', 0],
    ['a1', 9],
    ['b2', 5],
    ['a2', 9],
    ['c2', 0],
  ] as const) {
    ids.push((await engine.start('in-line', name, { priority })).id);
  }
  held.release(1);
  await Promise.all(ids.map((id) => engine.result(id, { timeout: 10_000 })));
  expect(order).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2']);
});

test('a worker that comes late takes what has higher priority first', async () => {
  const order: unknown[] = [];
  const note = defineStep<unknown, null>({ run: ({ input }) => void order.push(input) as unknown as null });
  const workflow = oneStep('backlog', note);
  const visitor = bench.engine([workflow]);
  const ids: string[] = [];
  for (const priority of [1, 9, 5, 0, 7]) ids.push((await visitor.start('backlog', priority, { priority })).id);
  await bench.worker([workflow], { concurrency: 1 });
  await Promise.all(ids.map((id) => visitor.result(id, { timeout: 10_000 })));
  expect(order).toEqual([9, 7, 5, 1, 0]);
});

test('an instance of a workflow that no worker knows waits for one that does', async () => {
  const engine = await bench.worker([waitsForGo('known')]);
  // Both are due at one time, so that where one has begun the other has been passed over.
  const startAt = new Date(Date.now() + 500);
  const { id } = await bench.engine([waitsForGo('foreign')]).start('foreign', undefined, { startAt });
  const { id: known } = await engine.start('known', undefined, { startAt });
  await reached(engine, known, 'WAITING');
  expect(await engine.get(id)).toMatchObject({ status: 'scheduled', accepts: [] });
  await expect(engine.send(id, { type: 'GO' })).rejects.toMatchObject({ code: 'UNKNOWN_WORKFLOW' });
  await bench.worker([waitsForGo('foreign')]);
  await eventually(async () => (await engine.get(id)).state === 'WAITING');
});
