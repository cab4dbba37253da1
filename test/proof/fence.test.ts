import { expect, test } from 'vitest';
import { defineStep } from '../../src/index.ts';
import { eventually, standing, useBench } from '../support/engine.ts';
import { HeldStep, oneStep } from '../support/machines.ts';

const bench = useBench();

/** What others do to a worker that they take for dead: a paused process, a lost host. */
async function declareDead(): Promise<void> {
  const [worker] = await bench.sql<
    { id: number }[]
  >`update durachart.workers set stopped_at = now() where stopped_at is null returning id`;
  await bench.sql`update durachart.instances set lease = null, wake_at = now() where lease = ${worker?.id ?? 0}`;
}

test('a worker that comes back from the dead is fenced, and begins again under a new name', async () => {
  const held = new HeldStep();
  const workflow = oneStep('paused', held.step());
  const first = await bench.worker([workflow]);
  const { id } = await first.start('paused', null);
  await held.called(1);
  await declareDead();
  const second = await bench.worker([workflow]);
  const again = await held.called(2);
  held.release(1, 'from the dead');
  held.release(2, 'from the living');
  expect(await second.result(id, { timeout: 10_000 })).toBe('from the living');
  expect(again.attempt).toBe(1);
  expect((await second.history(id)).items).toHaveLength(2);
  await eventually(async () => (await first.health()).workers.length === 2);
  // Both work on.
  for (const engine of [first, second]) {
    const call = held.calls.length + 1;
    const { id: other } = await engine.start('paused', null);
    // What is started just while the worker takes its new name is begun again.
    for (const nth of [call, call + 1]) void held.called(nth).then(() => held.release(nth, 'works'));
    expect(await engine.result(other, { timeout: 10_000 })).toBe('works');
  }
});

test('what is started while nobody has told the worker of its death is stored once', async () => {
  const engine = await bench.worker([oneStep('orphan', defineStep<unknown, unknown>({ run: ({ input }) => input }))]);
  await declareDead();
  const starts = await Promise.all(
    Array.from({ length: 20 }, (_, index) => engine.start('orphan', index, { id: `orphan-${index}` })),
  );
  expect(starts.every(({ created }) => created)).toBe(true);
  for (const [index, { id }] of starts.entries()) expect(await engine.result(id, { timeout: 10_000 })).toBe(index);
});

test('a worker that stops interrupts what takes longer than the grace, and another one goes on', async () => {
  const held = new HeldStep();
  const workflow = oneStep('long', held.step());
  const first = await bench.worker([workflow]);
  const { id } = await first.start('long', null);
  const { signal } = await held.called(1);
  await first.stop({ grace: 20 });
  expect(signal.aborted).toBe(true);
  const second = await bench.worker([workflow]);
  await held.called(2);
  held.release(1, 'too late');
  held.release(2, 'elsewhere');
  expect(await second.result(id, { timeout: 10_000 })).toBe('elsewhere');
  expect(await second.steps(id)).toMatchObject([{ attempt: 1, attempts: [{ outcome: 'stopped' }] }]);
});

test('a worker that stops lets what is quick enough finish, and gives everything back', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([oneStep('quick', held.step())], { concurrency: 1 });
  const { id } = await engine.start('quick', null);
  const { id: inLine } = await engine.start('quick', null);
  await held.called(1);
  const stopping = engine.stop({ grace: 5_000 });
  held.release(1, 'in time');
  await stopping;
  expect(held.calls).toHaveLength(1);
  const reader = bench.engine([oneStep('quick', held.step())]);
  expect(await standing(reader, id, 'done')).toMatchObject({ output: 'in time' });
  expect(await reader.get(inLine)).toMatchObject({ status: 'running', steps: [{ status: 'queued' }] });
  expect(await bench.sql`select id from durachart.instances where lease is not null`).toEqual([]);
});
