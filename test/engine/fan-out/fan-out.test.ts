import { expect, test } from 'vitest';
import { defineStep, SkipItem, StepError } from '../../../src/index.ts';
import { eventually, reached, standing, useBench } from '../../support/engine.ts';
import { HeldStep } from '../../support/machines.ts';
import { double, fansOut } from './support.ts';

const bench = useBench();
const WAIT = { timeout: 10_000 };
const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

test('a step runs once for each item, and the results come in order of their index', async () => {
  const engine = await bench.worker([fansOut('doubles', double, { concurrency: 3 })]);
  const { id } = await engine.start('doubles', { items: numbers(150) });
  expect(await engine.result(id, WAIT)).toEqual({
    total: 150,
    done: 150,
    failed: 0,
    skipped: 0,
    results: numbers(150).map((item) => ({ index: item, output: 2 * item })),
    failures: [],
  });
  const items = await engine.items(id, 'work', { limit: 2, cursor: '3' });
  expect(items.items.map(({ key, kind, status, input, output }) => ({ key, kind, status, input, output }))).toEqual([
    { key: '1:work#3', kind: 'item', status: 'done', input: 3, output: 6 },
    { key: '1:work#4', kind: 'item', status: 'done', input: 4, output: 8 },
  ]);
  expect(items.next).toBe('5');
});

test('a list of nothing is done at once', async () => {
  const engine = await bench.worker([fansOut('none', double)]);
  const { id } = await engine.start('none', { items: [] });
  expect(await engine.result(id, WAIT)).toEqual({
    total: 0,
    done: 0,
    failed: 0,
    skipped: 0,
    results: [],
    failures: [],
  });
});

test('no more items are under way at a time than may be, and as many as may', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([fansOut('held', held.step(), { concurrency: 3 })]);
  const { id } = await engine.start('held', { items: numbers(10) });
  for (let call = 1; call <= 10; call++) {
    await held.called(Math.min(10, call + 2));
    held.release(call);
  }
  expect(await engine.result(id, WAIT)).toMatchObject({ done: 10 });
  expect(held.most).toBe(3);
});

test('only what is under way is live, and how far it is stands on its row', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([fansOut('seen', held.step(), { concurrency: 2 })]);
  const { id } = await engine.start('seen', { items: numbers(5) });
  await held.called(2);
  held.release(held.numberOf(0));
  await held.called(3);
  const { steps } = await engine.get(id);
  expect(steps.map(({ key, kind, status }) => [key, kind, status])).toEqual([
    ['1:work', 'fan-out', 'running'],
    ['1:work#1', 'item', 'running'],
    ['1:work#2', 'item', 'running'],
  ]);
  expect(steps[0]).toMatchObject({
    progress: expect.closeTo(0.2, 5),
    fanOut: { total: 5, done: 1, failed: 0, skipped: 0, left: 4, timeLeftMs: expect.any(Number) },
  });
  const { items } = await engine.items(id, '1:work', { status: 'waiting' });
  expect(items.map(({ key }) => key)).toEqual(['1:work#3', '1:work#4']);
});

test('an item that fails is tried again by the policy of the step', async () => {
  const step = defineStep<number, string>({
    retry: { maxAttempts: 2, minDelay: 1 },
    run: ({ input, attempt }) => {
      if (input === 1 && attempt === 1) throw new Error('once');
      return `${input} in attempt ${attempt}`;
    },
  });
  const engine = await bench.worker([fansOut('retried', step)]);
  const { id } = await engine.start('retried', { items: numbers(3) });
  expect(await engine.result(id, WAIT)).toMatchObject({
    results: [{ output: '0 in attempt 1' }, { output: '1 in attempt 2' }, { output: '2 in attempt 1' }],
  });
});

test('with onItemError continue a bad item is told of, and the others are delivered', async () => {
  const engine = await bench.worker([fansOut('goes-on', double, { onItemError: 'continue' })]);
  const { id } = await engine.start('goes-on', { items: [1, -1, 2, -2] });
  expect(await engine.result(id, WAIT)).toEqual({
    total: 4,
    done: 2,
    failed: 2,
    skipped: 0,
    results: [
      { index: 0, output: 2 },
      { index: 2, output: 4 },
    ],
    failures: [
      { index: 1, code: 'UNKNOWN', message: 'cannot double -1' },
      { index: 3, code: 'UNKNOWN', message: 'cannot double -2' },
    ],
  });
});

test('an item that its step skips counts as skipped, with the reason', async () => {
  const step = defineStep<number, null>({
    retry: { maxAttempts: 1 },
    run: ({ input }) => {
      if (input % 2 === 1) throw new SkipItem(`${input} is there`);
      return null;
    },
  });
  const engine = await bench.worker([fansOut('skips', step)]);
  const { id } = await engine.start('skips', { items: numbers(5) });
  expect(await engine.result(id, WAIT)).toMatchObject({ done: 3, skipped: 2, failed: 0, failures: [] });
  const { items } = await engine.items(id, 'work');
  expect(items[1]).toMatchObject({ status: 'done', message: '1 is there', attempts: [{ outcome: 'skipped' }] });
});

test('what the items came to is the same where one process has seen it all, and where it is read', async () => {
  const last = 139;
  const atLast = Promise.withResolvers<void>();
  let hold = false;
  const step = defineStep<number, unknown>({
    retry: { maxAttempts: 1 },
    async run({ input, signal }) {
      if (input === 0) return undefined;
      if (input === 1) return null;
      if (input === 2) return { list: [1, null, 'two'] };
      if (input === 3) throw new StepError('LONG', '😀'.repeat(600));
      if (input === 4) throw new SkipItem('not this one');
      if (input === last && hold) {
        atLast.resolve();
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      }
      if (input % 2 === 0) return input;
      throw new Error(`odd ${input}`);
    },
  });
  const workflow = fansOut('sums', step, { concurrency: 200, onItemError: 'continue' });
  const odd = fansOut('many-odd', step, { concurrency: 300, onItemError: 'continue' });
  const first = await bench.worker([workflow, odd]);
  const { id: seen } = await first.start('sums', { items: numbers(last + 1) });
  const output = await first.result(seen, WAIT);
  expect(output).toMatchObject({ total: 140, done: 70, failed: 69, skipped: 1 });
  expect(output?.failures[0]).toEqual({ index: 3, code: 'LONG', message: '😀'.repeat(500) });
  // The end of the last item, that of the fan-out, and what the machine made of it are one commit.
  const [commits] = await bench.sql`
    select array_agg(distinct s.kind order by s.kind) as kinds from durachart.transitions t join durachart.steps s
      on s.instance_id = t.instance_id and s.xmin::text = t.xid::text
    where t.instance_id = ${seen} and t.to_state = 'DONE'`;
  expect(commits).toEqual({ kinds: ['fan-out', 'item'] });
  const { id: many } = await first.start('many-odd', { items: numbers(240).map((n) => 2 * n + 5) });
  const failures = (await first.result(many, WAIT))?.failures;
  expect(failures?.map(({ index }) => index)).toEqual(numbers(100));

  hold = true;
  const { id: read } = await first.start('sums', { items: numbers(last + 1) });
  await atLast.promise;
  await eventually(async () => (await first.get(read)).steps.length === 2);
  hold = false;
  await first.stop({ grace: 0 });
  const second = await bench.worker([workflow, odd]);
  expect(await second.result(read, WAIT)).toEqual(output);
});

test('otherwise it stops the others, and the instance fails for it; a retry does what is not done', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([fansOut('fails', held.step({ retry: { maxAttempts: 1 } }), { concurrency: 3 })]);
  const { id } = await engine.start('fails', { items: numbers(6) });
  const second = await held.called(2);
  await held.called(3);
  held.release(1, 'first');
  await held.called(4);
  const third = await held.called(3);
  const last = await held.called(4);
  held.fail(2, new StepError('NOT_FOUND', 'gone', { retryable: false }));
  const failed = await standing(engine, id, 'failed');
  expect(failed.error).toMatchObject({
    code: 'NOT_FOUND',
    message: 'Item 1: gone',
    details: { item: 1, key: '1:work' },
  });
  expect(failed.steps).toMatchObject([
    { key: '1:work', status: 'failed', fanOut: { total: 6, done: 1, failed: 1, left: 4 } },
  ]);
  expect([second, third, last].map(({ signal }) => signal.aborted)).toEqual([false, true, true]);
  const { items } = await engine.items(id, 'work');
  expect(items.map(({ status }) => status)).toEqual(['done', 'failed', 'stopped', 'stopped', 'stopped', 'stopped']);
  await engine.retry(id);
  for (let call = 5; call <= 9; call++) {
    await held.called(call);
    held.release(call, `again ${String(held.calls[call - 1])}`);
  }
  expect(await engine.result(id, WAIT)).toMatchObject({
    total: 6,
    done: 6,
    failed: 0,
    results: ['first', 'again 1', 'again 2', 'again 3', 'again 4', 'again 5'].map((output, index) => ({
      index,
      output,
    })),
  });
  expect(held.calls).toEqual([0, 1, 2, 3, 1, 2, 3, 4, 5]);
});

test('left in the middle, what runs is aborted, what waits never begins, and the counts are true', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([fansOut('left', held.step(), { concurrency: 2 })]);
  const { id } = await engine.start('left', { items: numbers(5) });
  await held.called(2);
  held.release(held.numberOf(0));
  const third = await held.called(3);
  await engine.send(id, { type: 'STOP' });
  await reached(engine, id, 'STOPPED');
  expect(third.signal.aborted).toBe(true);
  const [fanOut] = await engine.steps(id);
  expect(fanOut).toMatchObject({ status: 'stopped', fanOut: { total: 5, done: 1, failed: 0, skipped: 0, left: 4 } });
  const { items } = await engine.items(id, 'work');
  expect(items.map(({ status }) => status)).toEqual(['done', 'stopped', 'stopped', 'stopped', 'stopped']);
  expect(held.calls).toHaveLength(3);
});

test('a cancelled instance stops its items', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([fansOut('cancelled', held.step(), { concurrency: 1 })]);
  const { id } = await engine.start('cancelled', { items: numbers(3) });
  const first = await held.called(1);
  await engine.cancel(id);
  await standing(engine, id, 'cancelled');
  expect(first.signal.aborted).toBe(true);
  const { items } = await engine.items(id, 'work');
  expect(items.map(({ status }) => status)).toEqual(['stopped', 'stopped', 'stopped']);
});

test('an input that is no list is refused, with what is wrong', async () => {
  const engine = await bench.worker([fansOut('wrong', double)]);
  await expect(engine.start('wrong', { items: 'text' as never })).rejects.toMatchObject({ code: 'INVALID_ITEMS' });
  const options = { items: [1], pause: -1, batch: 1 };
  await expect(engine.start('wrong', { items: options })).rejects.toMatchObject({ code: 'INVALID_ITEMS' });
});
