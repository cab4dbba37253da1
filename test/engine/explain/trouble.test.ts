import { setup } from 'xstate';
import { expect, test } from 'vitest';
import { defineWorkflow } from '../../../src/index.ts';
import { eventually, standing, useBench } from '../../support/engine.ts';
import { HeldStep, oneStep, waitsForGo } from '../../support/machines.ts';
import { HOUR, ManualClock, SECOND, YEAR } from '../../support/manual-clock.ts';
import { cause, codes, kill, offered } from './support.ts';

const bench = useBench();

/** A machine that goes from WAITING to DONE after ten seconds. */
const timed = defineWorkflow({
  machine: setup({}).createMachine({
    id: 'timed',
    initial: 'WAITING',
    states: { WAITING: { after: { 10_000: 'DONE' } }, DONE: { type: 'final' } },
  }),
});

test('no live worker for the workflow: said as soon as something is due, with how to start one', async () => {
  const held = new HeldStep();
  const engine = bench.engine([oneStep('nobody', held.step())]);
  await bench.worker([waitsForGo('somebody-else')]);
  const { id } = await engine.start('nobody', null);
  const explanation = await engine.explain(id);
  expect(codes(explanation)).toEqual(['NO_WORKER', 'QUEUED']);
  expect(cause(explanation, 'NO_WORKER')).toMatchObject({ due: 'step', dueAt: expect.any(Date) as Date });
  expect(explanation.summary).toMatch(
    /^It has been in BEGUN for .+\. No live worker runs workflow nobody, and a step is due for .+: start one with `durachart server`\.$/,
  );
});

test.each([
  [
    'start',
    async (engine: ReturnType<typeof visitor>, clock: ManualClock) => {
      const { id } = await engine.start('timed', undefined, { startAt: new Date(clock.now() + HOUR) });
      clock.advance(HOUR + SECOND);
      return id;
    },
  ],
  [
    'timer',
    async (engine: ReturnType<typeof visitor>, clock: ManualClock) => {
      const { id } = await engine.start('timed', undefined);
      clock.advance(11 * SECOND);
      return id;
    },
  ],
  [
    'event',
    async (engine: ReturnType<typeof visitor>) => {
      const { id } = await engine.start('goes', undefined);
      await engine.send(id, { type: 'GO' });
      return id;
    },
  ],
] as const)('no live worker, and what is due is a %s', async (due, prepare) => {
  const clock = new ManualClock();
  const engine = visitor(clock);
  const id = await prepare(engine, clock);
  expect(cause(await engine.explain(id), 'NO_WORKER').due).toBe(due);
});

function visitor(clock: ManualClock) {
  return bench.engine([timed, waitsForGo('goes')], { clock });
}

test('a dead worker: which one, what it ran, and whether anybody is left to take it over', async () => {
  const held = new HeldStep();
  const workflow = oneStep('dies', held.step());
  const worker = await bench.worker([workflow]);
  const watcher = bench.engine([workflow]);
  const { id } = await worker.start('dies', null);
  await held.called(1);
  const [{ id: workerId } = { id: 0 }] = (await watcher.health()).workers.filter(({ workflows }) =>
    workflows.includes('dies'),
  );
  await kill(worker);
  // The lock goes with the session, which the server ends in its own time.
  const explanation = await eventually(async () => {
    const seen = await watcher.explain(id);
    return codes(seen).includes('DEAD_WORKER') && seen;
  });
  expect(codes(explanation)).toEqual(['DEAD_WORKER', 'NO_WORKER']);
  expect(cause(explanation, 'DEAD_WORKER')).toMatchObject({
    worker: { id: workerId, name: expect.stringContaining(`:${process.pid}`) as string, stoppedAt: null },
    steps: [{ key: '1:work', step: 'work', attempt: 1 }],
  });
  const heir = await bench.worker([workflow]);
  await held.called(2);
  expect(codes(await heir.explain(id))).toEqual(['RUNNING']);
  held.release(2);
});

test('a step that is said to run, and that nobody holds: left behind by another executor', async () => {
  const held = new HeldStep();
  const workflow = oneStep('left-behind', held.step());
  const clock = new ManualClock();
  const worker = await bench.worker([workflow]);
  const { id } = await worker.start('left-behind', null);
  await held.called(1);
  await kill(worker);
  await bench.sql`update durachart.instances set lease = null, wake_at = null where id = ${id}`;
  const watcher = bench.engine([workflow], { clock });
  clock.advance(10 * SECOND);
  const explanation = await watcher.explain(id);
  expect(codes(explanation)).toEqual(['LOST_RUN']);
  expect(cause(explanation, 'LOST_RUN').words).toContain('is said to run, but no worker holds the instance');
  expect(offered(cause(explanation, 'LOST_RUN'))).toEqual(['skip', 'rewind', 'cancel']);
});

/** A worker whose clock stands behind that of whoever looks: as one that hangs. */
async function hangs(step: HeldStep, options: { timeout?: number; heartbeat?: number }, name: string) {
  const clock = new ManualClock();
  const workflows = [oneStep(name, step.step(options)), timed] as const;
  const worker = await bench.worker(workflows, { deadAfter: YEAR });
  return { worker, clock, watcher: bench.engine(workflows, { clock, deadAfter: YEAR }) };
}

test('a step past its timeout that nobody ended', async () => {
  const held = new HeldStep();
  const { worker, clock, watcher } = await hangs(held, { timeout: 60 * SECOND }, 'past-timeout');
  const { id } = await worker.start('past-timeout', null);
  await held.called(1);
  clock.advance(59 * SECOND);
  expect(codes(await watcher.explain(id))).toEqual(['RUNNING']);
  clock.advance(61 * SECOND);
  const explanation = await watcher.explain(id);
  expect(codes(explanation)).toEqual(['STEP_PAST_TIMEOUT']);
  const past = cause(explanation, 'STEP_PAST_TIMEOUT');
  expect(past).toMatchObject({ step: 'work', timeoutMs: 60_000, runId: null });
  expect(past.ranMs).toBeGreaterThanOrEqual(120_000);
  expect(past.words).toContain('past its timeout of 1 minute');
  expect(offered(past)).toEqual(['skip', 'cancel']);
  held.release(1);
});

test('a step that is silent for too long, counted from when it was last heard', async () => {
  const held = new HeldStep();
  const { worker, clock, watcher } = await hangs(held, { heartbeat: 60 * SECOND }, 'silent');
  const { id } = await worker.start('silent', null);
  const { heartbeat } = await held.called(1);
  heartbeat();
  const [{ heartbeatAt } = { heartbeatAt: null }] = await eventually(async () => {
    const { steps } = await worker.get(id);
    return steps[0]?.heartbeatAt != null && steps;
  });
  clock.advance(70 * SECOND);
  const silent = cause(await watcher.explain(id), 'STEP_SILENT');
  expect(silent).toMatchObject({ step: 'work', heartbeatMs: 60_000, heardAt: heartbeatAt });
  expect(silent.words).toContain('longer than the 1 minute it may be');
  held.release(1);
});

test('overdue: a timer is due, a worker lives, and nobody takes it', async () => {
  const { worker, clock, watcher } = await hangs(new HeldStep(), {}, 'beside-timed');
  const { id } = await worker.start('timed', undefined);
  await eventually(
    async () => (await bench.sql`select from durachart.instances where id = ${id} and lease is null`).length === 1,
  );
  clock.advance(8 * SECOND);
  expect(codes(await watcher.explain(id))).toEqual(['WAITING']);
  clock.advance(4 * SECOND);
  // Two seconds late it may be on its way.
  expect(codes(await watcher.explain(id))).toEqual(['WAITING']);
  clock.advance(HOUR);
  const explanation = await watcher.explain(id);
  expect(codes(explanation)).toEqual(['OVERDUE', 'WAITING']);
  expect(cause(explanation, 'OVERDUE')).toMatchObject({ due: 'timer', worker: null });
  expect(Math.round(cause(explanation, 'OVERDUE').lateMs / HOUR)).toBe(1);
  expect(explanation.summary).toMatch(/A timer is due for 1 hour, and no worker takes it although there are live ones/);
});

test('overdue in the hands of a worker that does not move', async () => {
  const held = new HeldStep();
  const machine = setup({ actors: { work: held.step() } }).createMachine({
    id: 'timed-busy',
    initial: 'A',
    states: { A: { invoke: { src: 'work' }, after: { 10_000: 'B' } }, B: {} },
  });
  const workflow = defineWorkflow({ machine });
  const clock = new ManualClock();
  const worker = await bench.worker([workflow], { deadAfter: YEAR });
  const { id } = await worker.start('timed-busy', undefined);
  await held.called(1);
  clock.advance(HOUR);
  const explanation = await bench.engine([workflow], { clock, deadAfter: YEAR }).explain(id);
  expect(codes(explanation)).toEqual(['OVERDUE', 'RUNNING']);
  expect(cause(explanation, 'OVERDUE').worker).toMatchObject({ name: expect.stringContaining(':') as string });
  expect(cause(explanation, 'OVERDUE').words).toContain('holds it and does not move');
  held.release(1);
});

test('a paused instance: who did it, why and when, with unpause', async () => {
  const engine = await bench.worker([waitsForGo('pauses')]);
  const { id } = await engine.start('pauses', undefined);
  await engine.operate(id, { operation: 'pause' }, { by: 'ada', why: 'the provider is down', wait: 10_000 });
  const explanation = await engine.explain(id);
  expect(codes(explanation)).toEqual(['PAUSED']);
  const paused = cause(explanation, 'PAUSED');
  expect(paused).toMatchObject({ by: 'ada', why: 'the provider is down' });
  expect(paused.words).toMatch(/^It was paused by ada .+ ago: the provider is down\.$/);
  expect(paused.operations[0]).toMatchObject({
    operation: 'unpause',
    command: `durachart unpause ${id}`,
    request: { path: `/instances/${id}/unpause` },
  });
  expect(explanation.recent).toMatchObject([{ operation: 'pause', by: 'ada', status: 'applied' }]);
});

test('a paused workflow and a paused queue', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([waitsForGo('halted'), oneStep('halted-queue', held.step({ queue: 'slow' }))], {
    queues: { slow: 1 },
  });
  await engine.start('halted-queue', 1);
  await held.called(1);
  const { id: queued } = await engine.start('halted-queue', 2);
  const { id } = await engine.start('halted', undefined);
  await standing(engine, id, 'waiting');
  await engine.pause({ workflow: 'halted' }, { by: 'bob' });
  await engine.pause({ queue: 'slow' }, { by: 'ada', why: 'too dear' });
  const byWorkflow = await engine.explain(id);
  expect(codes(byWorkflow)).toEqual(['WORKFLOW_PAUSED', 'WAITING']);
  expect(cause(byWorkflow, 'WORKFLOW_PAUSED')).toMatchObject({ by: 'bob', why: null, since: expect.any(Date) as Date });
  expect(cause(byWorkflow, 'WORKFLOW_PAUSED').operations).toMatchObject([
    {
      operation: 'unpause',
      command: 'durachart unpause-workflow halted',
      request: { path: '/workflows/halted/unpause' },
    },
  ]);
  const byQueue = await engine.explain(queued);
  expect(codes(byQueue)).toEqual(['QUEUE_PAUSED']);
  expect(cause(byQueue, 'QUEUE_PAUSED')).toMatchObject({
    queue: 'slow',
    by: 'ada',
    words: 'Step work waits because ada paused queue slow: too dear.',
    operations: [{ command: 'durachart unpause-queue slow', request: { path: '/queues/slow/unpause' } }, {}, {}],
  });
  await engine.unpause({ queue: 'slow' });
  held.release(1);
  await held.called(2);
  held.release(2);
});
