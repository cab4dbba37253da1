import { assign, setup } from 'xstate';
import { expect, test } from 'vitest';
import { defineWorkflow, forEach, StepError } from '../../../src/index.ts';
import { cause, codes, offered } from '../explain/support.ts';
import { eventually, reached, standing, useBench } from '../../support/engine.ts';
import { HeldStep } from '../../support/machines.ts';
import { HOUR, ManualClock, YEAR } from '../../support/manual-clock.ts';
import { double, fansOut } from './support.ts';

const bench = useBench();
const WAIT = { timeout: 10_000 };
const applied = { wait: 10_000 };
const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const gone = (): StepError => new StepError('NOT_FOUND', 'gone', { retryable: false });

test('batches begin when all of the last one have ended and the pause is over, whatever is skipped', async () => {
  const held = new HeldStep();
  const clock = new ManualClock();
  const engine = await bench.worker([fansOut('batches', held.step(), { batch: 2, pause: HOUR })], {
    clock,
    deadAfter: YEAR,
  });
  const { id } = await engine.start('batches', { items: numbers(5) });
  await held.called(2);
  held.release(2);
  held.skip(1);
  // The skipped one does not count: another one takes its place in the batch.
  await held.called(3);
  held.release(3);
  await eventually(async () => (await engine.get(id)).steps[0]?.fanOut?.resumeAt ?? undefined);
  const explanation = await engine.explain(id);
  expect(explanation.causes).toMatchObject([
    { code: 'FAN_OUT', total: 5, done: 2, skipped: 1, left: 2, underWay: { running: 0 } },
  ]);
  expect(explanation.causes[0]?.words).toMatch(
    /^Fan-out work has 2 done, 1 skipped of 5 items, the next batch of 2 begins in (1 hour|5\d minutes)/,
  );
  // Which of the first two is called first, only the executor knows.
  expect([new Set(held.calls.slice(0, 2)), held.calls.slice(2)]).toEqual([new Set([0, 1]), [2]]);
  clock.advance(HOUR);
  await held.called(5);
  held.release(4);
  held.release(5);
  expect(await engine.result(id, WAIT)).toMatchObject({ done: 4, skipped: 1 });
});

test('the pause goes on where another worker takes the instance up', async () => {
  const held = new HeldStep();
  const clock = new ManualClock();
  const workflow = fansOut('resumed', held.step(), { batch: 1, pause: HOUR });
  const first = await bench.worker([workflow], { clock, deadAfter: YEAR });
  const { id } = await first.start('resumed', { items: numbers(2) });
  await held.called(1);
  held.release(1);
  await eventually(async () => (await first.get(id)).steps[0]?.fanOut?.resumeAt ?? undefined);
  await first.stop({ grace: 0 });
  const second = await bench.worker([workflow], { clock, deadAfter: YEAR });
  expect(held.calls).toEqual([0]);
  clock.advance(HOUR);
  await held.called(2);
  held.release(2);
  expect(await second.result(id, WAIT)).toMatchObject({ done: 2 });
});

test('explained: how many, what is under way, what it waits for', async () => {
  const held = new HeldStep();
  const retry = { maxAttempts: 2, minDelay: HOUR, maxDelay: HOUR };
  const engine = await bench.worker([fansOut('explained', held.step({ retry }), { concurrency: 2 })]);
  const { id } = await engine.start('explained', { items: numbers(4) });
  await held.called(2);
  const [failing] = held.calls;
  held.fail(1, new StepError('UNAVAILABLE', 'not now'));
  held.release(2);
  await held.called(3);
  const explanation = await eventually(async () => {
    const seen = await engine.explain(id);
    return cause(seen, 'FAN_OUT').underWay.retrying === 1 && seen;
  });
  expect(codes(explanation)).toEqual(['FAN_OUT']);
  expect(cause(explanation, 'FAN_OUT')).toMatchObject({
    done: 1,
    left: 3,
    underWay: { running: 1, queued: 0, retrying: 1 },
    error: { code: 'UNAVAILABLE' },
    nextAttemptAt: expect.any(Date),
  });
  expect(explanation.summary).toMatch(
    /Fan-out work has 1 done of 4 items, 3 left \(1 run, 1 to be tried again in .+\), some .+ more\.$/,
  );
  const skips = explanation.operations.filter(({ operation }) => operation === 'skip');
  expect(skips.map(({ request }) => request.body?.['step'])).toEqual(['1:work', `1:work#${String(failing)}`]);
});

test('a failed item of a fan-out that goes on is given another turn by a retry', async () => {
  const held = new HeldStep();
  const step = held.step({ retry: { maxAttempts: 1 } });
  const engine = await bench.worker([fansOut('again', step, { concurrency: 2, onItemError: 'continue' })]);
  const { id } = await engine.start('again', { items: numbers(4) });
  await held.called(2);
  await expect(engine.retry(id)).rejects.toMatchObject({ code: 'NOT_FAILED' });
  // Which of the two is called first, only the executor knows.
  const [failing = -1, other = -1] = held.calls;
  held.fail(1, gone());
  await held.called(3);
  expect(offered(await engine.explain(id))).toContain('retry');
  await engine.retry(id, applied);
  held.release(2, 'second');
  await held.called(4);
  // It ran when the others were read, and is done when the next one begins.
  held.release(3, 'third');
  await held.called(5);
  held.release(4, 'first');
  held.release(5, 'fourth');
  expect(held.calls).toEqual([failing, other, 2, failing, 3]);
  expect(await engine.result(id, WAIT)).toMatchObject({
    done: 4,
    failed: 0,
    results: expect.arrayContaining([
      { index: failing, output: 'first' },
      { index: other, output: 'second' },
      { index: 2, output: 'third' },
      { index: 3, output: 'fourth' },
    ]) as unknown,
  });
});

test('a paused instance begins no item; what runs is counted', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([fansOut('paused', held.step(), { concurrency: 1 })]);
  const { id } = await engine.start('paused', { items: numbers(3) });
  await held.called(1);
  await engine.operate(id, { operation: 'pause' }, applied);
  held.release(1);
  await eventually(async () => (await engine.get(id)).steps[0]?.fanOut?.done === 1);
  expect((await engine.get(id)).steps).toHaveLength(1);
  expect(held.calls).toHaveLength(1);
  await engine.operate(id, { operation: 'unpause' }, applied);
  await held.called(2);
  held.release(2);
  await held.called(3);
  held.release(3);
  expect(await engine.result(id, WAIT)).toMatchObject({ done: 3 });
});

test.each([{ queue: 'press' }, { workflow: 'stands' }])(
  'paused as a whole: %o keeps the items that wait',
  async (target) => {
    const held = new HeldStep();
    const engine = await bench.worker([fansOut('stands', held.step({ queue: 'press' }), { concurrency: 1 })]);
    const { id } = await engine.start('stands', { items: numbers(2) });
    await held.called(1);
    await engine.pause(target);
    held.release(1);
    await eventually(async () => (await engine.get(id)).steps[0]?.fanOut?.done === 1);
    expect(codes(await engine.explain(id))[0]).toBe('queue' in target ? 'QUEUE_PAUSED' : 'WORKFLOW_PAUSED');
    expect(held.calls).toHaveLength(1);
    await engine.unpause(target);
    await held.called(2);
    held.release(2);
    expect(await engine.result(id, WAIT)).toMatchObject({ done: 2 });
  },
);

test('a fan-out is skipped with an output that is given by hand: its items are stopped', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([fansOut('skipped', held.step(), { concurrency: 2 })]);
  const { id } = await engine.start('skipped', { items: numbers(4) });
  const first = await held.called(1);
  await held.called(2);
  const wrong = engine.operate(id, { operation: 'skip', step: 'work', output: { results: 'all' } });
  await expect(wrong).rejects.toMatchObject({ code: 'INVALID_OUTPUT' });
  const results = [{ index: 2, output: 'by hand' }];
  await engine.operate(id, { operation: 'skip', step: 'work', output: { results, skipped: 4 } }, applied);
  const output = { total: 4, done: 0, failed: 0, skipped: 4, results, failures: [] };
  expect(await engine.result(id, WAIT)).toEqual(output);
  expect(first.signal.aborted).toBe(true);
  const { items } = await engine.items(id, 'work');
  expect(items.map(({ status }) => status)).toEqual(['stopped', 'stopped', 'stopped', 'stopped']);
});

test('one item is skipped by its key', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([fansOut('skips-one', held.step(), { concurrency: 1 })]);
  const { id } = await engine.start('skips-one', { items: numbers(2) });
  await held.called(1);
  await engine.operate(id, { operation: 'skip', step: '1:work#0', output: 'by hand' }, applied);
  await held.called(2);
  held.release(2, 'done');
  expect(await engine.result(id, WAIT)).toMatchObject({
    done: 1,
    skipped: 1,
    results: [
      { index: 0, output: 'by hand' },
      { index: 1, output: 'done' },
    ],
  });
});

test('a rewind into a fan-out begins it anew with all of its items, a fork goes on with the same', async () => {
  const engine = await bench.worker([fansOut('rewound', double, { concurrency: 2 })]);
  const { id } = await engine.start('rewound', { items: { items: numbers(3), batch: 2 } });
  const before = await engine.result(id, WAIT);
  await engine.operate(id, { operation: 'rewind', to: 1 }, applied);
  await eventually(async () => (await engine.get(id)).sequence === 4);
  expect(await engine.result(id, WAIT)).toEqual(before);
  const fanOuts = (await engine.steps(id)).map(({ key, status, fanOut }) => [key, status, fanOut?.done, fanOut?.batch]);
  expect(fanOuts).toEqual([
    ['1:work', 'done', 3, 2],
    ['3:work', 'done', 3, 2],
  ]);
  const fork = await engine.fork(id, { from: 1 });
  expect(await engine.result(fork.id, WAIT)).toEqual(before);
});

test('left by a rewind in the middle, it is stopped', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([fansOut('left-behind', held.step(), { concurrency: 1 })]);
  const { id } = await engine.start('left-behind', { items: numbers(2) });
  await held.called(1);
  await engine.operate(id, { operation: 'rewind', to: 1 }, applied);
  await held.called(2);
  expect((await engine.steps(id)).map(({ status }) => status)).toEqual(['stopped', 'running']);
  const { items } = await engine.items(id, '1:work');
  expect(items.map(({ status }) => status)).toEqual(['stopped', 'stopped']);
});

test('exported in the middle and imported, it does what was not done', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([fansOut('moved', held.step(), { concurrency: 1 })]);
  const { id } = await engine.start('moved', { items: numbers(3) });
  await held.called(1);
  held.release(1, 'there');
  await held.called(2);
  const document = JSON.parse(JSON.stringify(await engine.export(id))) as Awaited<ReturnType<typeof engine.export>>;
  await engine.cancel(id);
  const imported = await engine.import(document);
  await engine.operate(imported.id, { operation: 'unpause' }, applied);
  for (const call of [3, 4]) {
    await held.called(call);
    held.release(call, 'here');
  }
  expect(await engine.result(imported.id, WAIT)).toMatchObject({
    results: [{ output: 'there' }, { output: 'here' }, { output: 'here' }],
  });
});

test('an edit of the context leaves the items as they are', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([fansOut('edited', held.step(), { concurrency: 1 })]);
  const { id } = await engine.start('edited', { items: numbers(2) });
  await held.called(1);
  await engine.operate(id, { operation: 'pause' }, applied);
  held.release(1);
  await eventually(async () => (await engine.get(id)).steps.length === 1);
  const patch = [{ op: 'replace' as const, path: '/output', value: null }];
  const edit = await engine.operate(id, { operation: 'edit', patch }, applied);
  expect(edit).toMatchObject({ status: 'applied', result: { renewed: [], kept: ['1:work'] } });
  await engine.operate(id, { operation: 'unpause' }, applied);
  await held.called(2);
  held.release(2);
  expect(await engine.result(id, WAIT)).toMatchObject({ done: 2 });
});

test('a preview of an event tells what it would stop', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([fansOut('previewed', held.step(), { concurrency: 1 })]);
  const { id } = await engine.start('previewed', { items: numbers(2) });
  await held.called(1);
  const { stops } = await engine.preview(id, { type: 'STOP' });
  expect(stops.map(({ key }) => key)).toEqual(['1:work#0', '1:work']);
  await engine.send(id, { type: 'STOP' });
  await reached(engine, id, 'STOPPED');
  await standing(engine, id, 'done');
});

test('a machine that throws on the results fails where it stands, and a retry gives them to it anew', async () => {
  let mended = false;
  let taken: unknown;
  const machine = setup({ actors: { work: forEach(double) } }).createMachine({
    id: 'throws',
    initial: 'BEGUN',
    states: {
      BEGUN: {
        invoke: {
          id: 'work',
          src: 'work',
          input: [1, 2],
          onDone: {
            target: 'DONE',
            actions: assign(({ event }) => {
              if (!mended) throw new Error('not yet');
              taken = event.output.results;
              return {};
            }),
          },
        },
      },
      DONE: { type: 'final' },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('throws', undefined);
  expect((await standing(engine, id, 'failed')).error).toMatchObject({ code: 'TRANSITION_FAILED' });
  mended = true;
  await engine.retry(id);
  await engine.result(id, WAIT);
  expect(taken).toEqual([
    { index: 0, output: 2 },
    { index: 1, output: 4 },
  ]);
});
