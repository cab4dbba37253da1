import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setup } from 'xstate';
import { expect, test } from 'vitest';
import { defineWorkflow } from '../../src/index.ts';
import { eventually, reached, useBench } from '../support/engine.ts';
import { ManualClock, YEAR } from '../support/manual-clock.ts';
import { HeldStep, waitsForGo } from '../support/machines.ts';

const bench = useBench();

/** Milliseconds within which a notified event must be taken; the harness polls every 20 s. */
const SOON = 2_000;

test("an event that comes while a step runs is taken at once, and the step's result after it", async () => {
  const held = new HeldStep();
  const machine = setup({ actors: { work: held.step() }, types: {} as { events: { type: 'NOTE' } } }).createMachine({
    id: 'busy',
    type: 'parallel',
    states: {
      work: { initial: 'A', states: { A: { invoke: { src: 'work', onDone: 'B' } }, B: { type: 'final' } } },
      note: { initial: 'NONE', states: { NONE: { on: { NOTE: 'NOTED' } }, NOTED: { type: 'final' } } },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('busy', undefined);
  await held.called(1);
  await engine.send(id, { type: 'NOTE' });
  await reached(engine, id, 'work.A, note.NOTED');
  held.release(1);
  await engine.result(id, { timeout: 10_000 });
  expect(held.calls).toHaveLength(1);
});

test('an event that leaves the invoking state stops the step, and drops its result', async () => {
  const held = new HeldStep();
  const machine = setup({ actors: { work: held.step() }, types: {} as { events: { type: 'LEAVE' } } }).createMachine({
    id: 'left',
    initial: 'A',
    states: { A: { invoke: { src: 'work', onDone: 'WRONG' }, on: { LEAVE: 'B' } }, B: {}, WRONG: {} },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('left', undefined);
  const { signal } = await held.called(1);
  await engine.send(id, { type: 'LEAVE' });
  await reached(engine, id, 'B');
  expect(signal.aborted).toBe(true);
  held.release(1, 'too late');
  expect(await engine.steps(id)).toMatchObject([{ status: 'stopped', output: undefined }]);
  expect(await engine.get(id)).toMatchObject({ state: 'B', status: 'waiting', steps: [] });
});

test('an instance that was parked for years takes an event', async () => {
  const clock = new ManualClock();
  const workflow = waitsForGo('parked');
  const engine = await bench.worker([workflow], { clock, deadAfter: 100 * YEAR });
  const { id } = await engine.start('parked', undefined);
  const lease = async () =>
    (await bench.sql`select lease from durachart.instances where id = ${id}`)[0]?.['lease'] as number | null;
  await eventually(async () => (await lease()) === null);
  clock.advance(20 * YEAR);
  await engine.send(id, { type: 'GO' });
  const { at } = await reached(engine, id, 'DONE');
  expect(at.getTime()).toBeGreaterThan(Date.now() + 19 * YEAR);
});

test('what was sent with no worker up is taken, in order, when one comes', async () => {
  const workflow = waitsForGo('unserved');
  const visitor = bench.engine([workflow]);
  const { id } = await visitor.start('unserved', undefined);
  await visitor.send(id, { type: 'STAY' });
  await visitor.send(id, { type: 'GO' });
  expect((await visitor.get(id)).state).toBe('WAITING');
  await bench.worker([workflow]);
  await reached(visitor, id, 'DONE');
});

test("another engine's events and starts are heard without polling", async () => {
  const workflow = waitsForGo('heard');
  await bench.worker([workflow]);
  const visitor = bench.engine([workflow]);
  const { id } = await visitor.start('heard', undefined);
  const before = Date.now();
  await visitor.send(id, { type: 'GO' });
  await reached(visitor, id, 'DONE');
  expect(Date.now() - before).toBeLessThan(SOON);
  const { id: later } = await visitor.start('heard', undefined, { startAt: new Date(Date.now() + 50) });
  await reached(visitor, later, 'WAITING');
  expect(Date.now() - before).toBeLessThan(2 * SOON);
});

test("another process's events are heard without polling", async () => {
  const engine = await bench.worker([waitsForGo('far')]);
  const { id } = await engine.start('far', undefined);
  const arrived = reached(engine, id, 'DONE');
  const child = fork(fileURLToPath(new URL('./support/send.ts', import.meta.url)), [bench.url, id], {
    stdio: 'inherit',
  });
  const exit = once(child, 'exit');
  const [sentAt] = (await once(child, 'message')) as [number];
  await arrived;
  expect(Date.now() - sentAt).toBeLessThan(SOON);
  expect(await exit).toEqual([0, null]);
});
