import { setup } from 'xstate';
import { expect, test, vi } from 'vitest';
import { defineWorkflow } from '../../src/index.ts';
import { reached, useBench } from '../support/engine.ts';

const bench = useBench();

const SECOND = 1_000;

/** As on a host whose clock is wrong. */
async function onHost<T>(wrong: number, visit: () => Promise<T>): Promise<T> {
  const now = Date.now.bind(Date);
  const spy = vi.spyOn(Date, 'now').mockImplementation(() => now() + wrong);
  try {
    return await visit();
  } finally {
    spy.mockRestore();
  }
}

test.each([10 * SECOND, -10 * SECOND])(
  'what is started and sent from a host that is %d ms off is due at once, and its timers are due in time, by the clock of the database',
  async (wrong) => {
    const machine = setup({ types: { events: {} as { type: 'GO' } } }).createMachine({
      id: 'host',
      initial: 'A',
      states: { A: { on: { GO: 'B' }, after: { 3_600_000: 'C' } }, B: { type: 'final' }, C: {} },
    });
    const workflow = defineWorkflow({ machine });
    const visitor = bench.engine([workflow]);
    const serverTime = async (): Promise<Date> => {
      const [row] = await bench.sql<[{ now: Date }]>`select clock_timestamp() as now`;
      return row.now;
    };
    const before = await serverTime();
    const id = await onHost(wrong, async () => {
      const started = await visitor.start('host', undefined);
      await visitor.send(started.id, { type: 'GO' });
      return started.id;
    });
    const after = await serverTime();
    const [row] = await bench.sql<[Record<'created_at' | 'wake_at' | 'sent_at' | 'armed_at', Date>]>`
      select i.created_at, i.wake_at, e.created_at as sent_at, t.due_at - interval '1 hour' as armed_at from durachart.instances i
      join durachart.events e on e.instance_id = i.id join durachart.timers t on t.instance_id = i.id where i.id = ${id}`;
    // Half of a question and its answer is what the estimate may be wrong by.
    for (const at of Object.values(row)) {
      expect(at.getTime()).toBeGreaterThan(before.getTime() - 5 * SECOND);
      expect(at.getTime()).toBeLessThan(after.getTime() + 5 * SECOND);
    }
    const worker = await bench.worker([workflow]);
    await reached(worker, id, 'B');
  },
);
