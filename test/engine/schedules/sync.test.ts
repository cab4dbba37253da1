import { setup } from 'xstate';
import { expect, test } from 'vitest';
import { defineWorkflow } from '../../../src/index.ts';
import { Scheduler, type SchedulerOptions } from '../../../src/engine/schedules/scheduler.ts';
import { HOUR, ManualClock } from '../../support/manual-clock.ts';

const workflow = defineWorkflow({
  machine: setup({}).createMachine({ id: 'w', initial: 'A', states: { A: {} } }),
  schedules: [{ cron: '0 * * * *' }],
});

/** A scheduler on a table whose first bringing in step takes until it is let go. */
function slow(clock: ManualClock, fails: boolean) {
  const asked: unknown[] = [];
  const first = Promise.withResolvers<void>();
  const schedules = {
    sync: async (rows: readonly { tick: unknown }[]) => {
      asked.push(rows[0]?.tick);
      if (asked.length > 1) return;
      await first.promise;
      if (fails) throw new Error('away');
    },
    due: async () => [],
  } as unknown as SchedulerOptions['schedules'];
  const scheduler = new Scheduler({
    schedules,
    clock,
    workflows: new Map([['w', workflow]]) as never,
    announce: async () => {},
    fault: () => {},
  });
  return { scheduler, asked, release: first.resolve };
}

test('what comes due while the table is first brought in step is not passed over by a second bringing in step', async () => {
  const clock = new ManualClock();
  const { scheduler, asked, release } = slow(clock, false);
  const one = scheduler.tick();
  clock.advance(HOUR);
  const two = scheduler.tick();
  release();
  await Promise.all([one, two]);
  await scheduler.tick();
  expect(asked).toHaveLength(1);
});

test('is brought in step anew where that failed', async () => {
  const { scheduler, asked, release } = slow(new ManualClock(), true);
  release();
  await expect(scheduler.tick()).rejects.toThrow('away');
  await scheduler.tick();
  expect(asked).toHaveLength(2);
});
