import { setup } from 'xstate';
import { expect, test } from 'vitest';
import { defineWorkflow } from '../../../src/index.ts';
import { eventually, standing, useBench } from '../../support/engine.ts';

const bench = useBench();
const waits = defineWorkflow({
  machine: setup({ types: { events: {} as { type: 'GO' } } }).createMachine({
    id: 'waits',
    initial: 'WAITING',
    states: { WAITING: { on: { GO: 'GONE' } }, GONE: {} },
  }),
});

async function pending(id: string): Promise<number> {
  return (await bench.sql`select 1 from durachart.events where instance_id = ${id} and status = 'pending'`).length;
}

test('what was kept for one that is cancelled before it began is ignored, and does not lie there for ever', async () => {
  const engine = await bench.worker([waits]);
  await engine.start('waits', undefined, { id: 'unborn', startAt: new Date(Date.now() + 3_600_000) });
  await engine.send('unborn', { type: 'GO' });
  await engine.cancel('unborn');
  await standing(engine, 'unborn', 'cancelled');
  await eventually(async () => (await pending('unborn')) === 0);
});

test('and for one that is cancelled while it is paused', async () => {
  const engine = await bench.worker([waits]);
  await engine.start('waits', undefined, { id: 'held' });
  await engine.operate('held', { operation: 'pause' }, { wait: 5_000 });
  await engine.send('held', { type: 'GO' });
  await engine.cancel('held');
  await standing(engine, 'held', 'cancelled');
  await eventually(async () => (await pending('held')) === 0);
  expect((await engine.get('held')).state).toBe('WAITING');
});
