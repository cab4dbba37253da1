import { setup } from 'xstate';
import { describe, expect, test } from 'vitest';
import { defineStep, defineWorkflow } from '../../../src/index.ts';
import { eventually, standing, useBench } from '../../support/engine.ts';

const bench = useBench();
const began: string[] = [];
const gates = new Map<string, Promise<void>>();

const step = (queue?: string) =>
  defineStep<unknown, void>({
    ...(queue === undefined ? {} : { queue }),
    run: async ({ instance }) => {
      began.push(instance.id);
      await gates.get(instance.id);
    },
  });

const machineOf = (id: string, queue?: string) =>
  setup({ types: { events: {} as { type: 'GO' } }, actors: { first: step(), second: step(queue) } }).createMachine({
    id,
    initial: 'A',
    states: {
      A: { invoke: { id: 'first', src: 'first', onDone: 'B' } },
      B: { on: { GO: 'C' } },
      C: { invoke: { id: 'second', src: 'second', onDone: 'D' } },
      D: { type: 'final' },
    },
  });
const plain = defineWorkflow({ machine: machineOf('plain') });
const queued = defineWorkflow({ machine: machineOf('queued', 'narrow') });

const inState = (engine: { get(id: string): Promise<{ state: string }> }, id: string, state: string) =>
  eventually(async () => (await engine.get(id)).state === state);

describe('a paused workflow', () => {
  test('begins nothing: no step, no event is taken, no new instance is moved; it all goes on afterwards', async () => {
    const engine = await bench.worker([plain, queued]);
    const gate = Promise.withResolvers<void>();
    gates.set('p1', gate.promise);
    await engine.start('plain', undefined, { id: 'p1' });
    await engine.start('plain', undefined, { id: 'p2' });
    await inState(engine, 'p2', 'B');
    await eventually(() => began.includes('p1'));
    expect(await engine.pause({ workflow: 'plain' }, { by: 'ada', why: 'holiday' })).toMatchObject({
      target: 'workflow',
      targetId: 'plain',
      operation: 'pause',
      status: 'applied',
      by: 'ada',
      why: 'holiday',
    });
    expect(await engine.pauses()).toMatchObject([{ target: 'workflow', name: 'plain', by: 'ada', why: 'holiday' }]);
    // What ran may end, and that is kept.
    gate.resolve();
    await inState(engine, 'p1', 'B');
    await engine.send('p2', { type: 'GO' });
    await engine.start('plain', undefined, { id: 'p3' });
    await engine.start('queued', undefined, { id: 'other' });
    await inState(engine, 'other', 'B');
    expect((await engine.get('p2')).state).toBe('B');
    expect(began).not.toContain('p3');
    await engine.unpause({ workflow: 'plain' });
    await engine.result('p2', { timeout: 10_000 });
    await inState(engine, 'p3', 'B');
    expect(await engine.pauses()).toEqual([]);
  });

  test('obeys what operators ask of its instances', async () => {
    const engine = await bench.worker([plain]);
    await engine.start('plain', undefined, { id: 'c1' });
    await inState(engine, 'c1', 'B');
    await engine.pause({ workflow: 'plain' });
    expect(await engine.cancel('c1', { wait: 5_000 })).toMatchObject({ status: 'applied' });
    expect((await engine.get('c1')).status).toBe('cancelled');
    await engine.unpause({ workflow: 'plain' });
  });
});

describe('a paused queue', () => {
  test('keeps its steps in line, and no others', async () => {
    const engine = await bench.worker([plain, queued]);
    await engine.start('queued', undefined, { id: 'q1' });
    await inState(engine, 'q1', 'B');
    await engine.pause({ queue: 'narrow' });
    const before = began.length;
    await engine.send('q1', { type: 'GO' });
    await inState(engine, 'q1', 'C');
    await engine.start('plain', undefined, { id: 'q2' });
    await inState(engine, 'q2', 'B');
    // Nobody holds it meanwhile.
    await eventually(
      async () => (await bench.sql`select 1 from durachart.instances where id = 'q1' and lease is null`).length > 0,
    );
    expect(began.slice(before)).toEqual(['q2']);
    await engine.unpause({ queue: 'narrow' });
    await standing(engine, 'q1', 'done');
  });

  test('also for another process, and one that comes up later', async () => {
    const client = bench.engine([queued]);
    await client.pause({ queue: 'narrow' });
    const engine = await bench.worker([queued]);
    await engine.start('queued', undefined, { id: 'l1' });
    await inState(engine, 'l1', 'B');
    await engine.send('l1', { type: 'GO' });
    await inState(engine, 'l1', 'C');
    await eventually(
      async () => (await bench.sql`select 1 from durachart.instances where id = 'l1' and lease is null`).length > 0,
    );
    await client.unpause({ queue: 'narrow' });
    await standing(engine, 'l1', 'done');
  });
});

test('what is wrong is said', async () => {
  const engine = bench.engine([plain, queued]);
  await expect(engine.pause({ workflow: 'nope' })).rejects.toMatchObject({ code: 'UNKNOWN_WORKFLOW' });
  await expect(engine.pause({ queue: 'nope' })).rejects.toMatchObject({
    code: 'UNKNOWN_QUEUE',
    details: { queues: ['narrow'] },
  });
  await expect(engine.unpause({ queue: 'narrow' })).rejects.toMatchObject({ code: 'NOT_PAUSED' });
  const first = await engine.pause({ queue: 'narrow' }, { key: 'k' });
  expect(await engine.pause({ queue: 'narrow' }, { key: 'k' })).toEqual(first);
  await expect(engine.pause({ queue: 'narrow' })).rejects.toMatchObject({ code: 'ALREADY_PAUSED' });
  await engine.unpause({ queue: 'narrow' });
});
