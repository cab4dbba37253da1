import { setup } from 'xstate';
import { expect, test } from 'vitest';
import { defineStep, defineWorkflow, StepError } from '../../src/index.ts';
import { eventually, reached, standing, stepWhere, useBench } from '../support/engine.ts';
import { HeldStep, oneStep, waitsForGo } from '../support/machines.ts';

const bench = useBench();

test('a running instance ends at once, its step is aborted and its late result dropped', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([oneStep('runs', held.step())]);
  const { id } = await engine.start('runs', null);
  const { signal } = await held.called(1);
  await engine.cancel(id);
  const view = await standing(engine, id, 'cancelled');
  expect(view).toMatchObject({
    state: 'BEGUN',
    sequence: 1,
    errorCode: 'CANCELLED',
    steps: [],
    finishedAt: expect.any(Date),
    accepts: [],
    context: { input: null },
  });
  expect(signal.aborted).toBe(true);
  held.release(1, 'late');
  await eventually(() => held.running === 0);
  expect(await engine.steps(id)).toMatchObject([{ status: 'stopped', finishedAt: expect.any(Date) }]);
  await expect(engine.result(id)).rejects.toMatchObject({ code: 'INSTANCE_CANCELLED' });
});

test('a waiting instance loses its timers', async () => {
  const machine = setup({}).createMachine({
    id: 'waits',
    initial: 'A',
    states: { A: { after: { 60_000: 'B' } }, B: {} },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('waits', undefined);
  await engine.cancel(id);
  expect(await standing(engine, id, 'cancelled')).toMatchObject({ timers: [], state: 'A' });
  await expect(engine.retry(id)).rejects.toMatchObject({ code: 'NOT_FAILED' });
});

test('one that waits for its next attempt, and one that has failed', async () => {
  const later = defineStep<unknown, null>({
    retry: { minDelay: 30_000 },
    run: () => Promise.reject(new Error('later')),
  });
  const never = defineStep<unknown, null>({ run: () => Promise.reject(new StepError('NOT_FOUND', 'never')) });
  const engine = await bench.worker([oneStep('later', later), oneStep('never', never)]);
  const { id } = await engine.start('later', null);
  await stepWhere(engine, id, ({ status }) => status === 'retrying');
  const { id: failed } = await engine.start('never', null);
  await standing(engine, failed, 'failed');
  for (const one of [id, failed]) {
    await engine.cancel(one);
    expect((await standing(engine, one, 'cancelled')).steps).toEqual([]);
  }
});

test('an ended one stays as it is, and so does one that is cancelled twice', async () => {
  const engine = await bench.worker([waitsForGo('ended')]);
  const { id } = await engine.start('ended', undefined);
  await engine.send(id, { type: 'GO' });
  const { finishedAt } = await standing(engine, id, 'done');
  await engine.cancel(id);
  expect(await engine.get(id)).toMatchObject({ status: 'done', finishedAt });
  const { id: other } = await engine.start('ended', undefined);
  await Promise.all(Array.from({ length: 5 }, () => engine.cancel(other)));
  const first = await standing(engine, other, 'cancelled');
  await engine.cancel(other);
  expect(await engine.get(other)).toMatchObject({ status: 'cancelled', finishedAt: first.finishedAt });
  await eventually(
    async () =>
      (await bench.sql`select from durachart.events where instance_id = ${other} and status = 'pending'`).length === 0,
  );
});

test('a cancel and an event at once: one of them is first, and nothing hangs', async () => {
  const engine = await bench.worker([waitsForGo('races')]);
  const ids = await Promise.all(Array.from({ length: 30 }, () => engine.start('races', undefined)));
  await Promise.all(ids.flatMap(({ id }) => [engine.send(id, { type: 'GO' }).catch(() => {}), engine.cancel(id)]));
  for (const { id } of ids) {
    const { status, state } = await eventually(async () => {
      const view = await engine.get(id);
      return view.finishedAt !== null && view;
    });
    expect(['done DONE', 'cancelled WAITING']).toContain(`${status} ${state}`);
  }
});

test('with no worker up it is cancelled by the next one, before anything else', async () => {
  const calls: number[] = [];
  const workflow = oneStep(
    'unstarted',
    defineStep<unknown, null>({ run: () => void calls.push(1) as unknown as null }),
  );
  const visitor = bench.engine([workflow]);
  const { id } = await visitor.start('unstarted', null, { startAt: new Date(Date.now() + 50) });
  await visitor.cancel(id);
  await eventually(() => Date.now() > 0);
  await bench.worker([workflow]);
  await standing(visitor, id, 'cancelled');
  expect(calls).toEqual([]);
});

test('a subscriber of a cancelled instance comes to the end', async () => {
  const engine = await bench.worker([waitsForGo('followed')]);
  const { id } = await engine.start('followed', undefined);
  await reached(engine, id, 'WAITING');
  const seen: string[] = [];
  const over = (async () => {
    for await (const change of engine.subscribe({ id, after: '0' }))
      if (change.type === 'transition') seen.push(change.entry.to);
  })();
  await engine.cancel(id);
  await over;
  expect(seen).toEqual(['WAITING']);
});
