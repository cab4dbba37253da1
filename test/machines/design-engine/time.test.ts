import { expect, test, vi } from 'vitest';
import type { Context } from '../../../machines/design-engine/context.ts';
import { HOUR, ManualClock } from '../../support/manual-clock.ts';
import { come, contextOf, useStudio } from './support.ts';

// Drawing takes seconds where other tests run beside it.
vi.setConfig({ testTimeout: 120_000 });

const clock = new ManualClock();
const studio = useStudio(clock);
const QUOTE = { text: 'Festina lente.', author: 'Augustus' };

async function asked(quoteId: string): Promise<string> {
  const { id } = await studio.engine.start('design-engine', {
    quoteId,
    userId: 'u1',
    outputFormats: ['facebook-post'],
    quote: QUOTE,
  });
  await come(studio.engine, id, 'AWAITING_APPROVAL.ASKED');
  // The request is stored before the time goes on.
  await expect.poll(() => kindsTold(id)).toEqual(['approval-requested']);
  return id;
}

async function kindsTold(id: string): Promise<string[]> {
  const rows = await studio.sql<
    { kind: string }[]
  >`select kind from design_engine.notifications where instance_key = ${id} order by created_at`;
  return rows.map(({ kind }) => kind);
}

test('who does not decide is reminded after 24 hours, and after 7 days in all the design expires', async () => {
  const id = await asked('q-late');
  clock.advance(24 * HOUR - 60_000);
  expect((await studio.engine.get(id)).state).toBe('AWAITING_APPROVAL.ASKED');
  clock.advance(60_000);
  await come(studio.engine, id, 'AWAITING_APPROVAL.REMINDED');
  await expect.poll(() => kindsTold(id)).toEqual(['approval-requested', 'approval-reminder']);
  clock.advance(6 * 24 * HOUR - 60_000);
  expect((await studio.engine.get(id)).state).toBe('AWAITING_APPROVAL.REMINDED');
  clock.advance(120_000);
  expect(await studio.engine.result(id, { timeout: 90_000 })).toMatchObject({ outcome: 'expired' });
  expect((await studio.engine.get(id)).state).toBe('EXPIRED');
});

test('a decision after the reminder counts, and no timer is left', async () => {
  const id = await asked('q-reminded');
  clock.advance(24 * HOUR);
  await come(studio.engine, id, 'AWAITING_APPROVAL.REMINDED');
  await studio.engine.send(id, { type: 'DESIGN_APPROVED' });
  expect(await studio.engine.result(id, { timeout: 90_000 })).toMatchObject({ outcome: 'completed' });
  expect(await studio.sql`select 1 from durachart.timers where instance_id = ${id}`).toHaveLength(0);
});

test('what is not done within 15 minutes fails, and a retry goes on where it was', async () => {
  const { id } = await studio.engine.start('design-engine', {
    quoteId: 'q-slow',
    userId: 'u1',
    outputFormats: ['11x14', 'facebook-post'],
    mode: 'auto',
    quote: QUOTE,
  });
  await come(studio.engine, id, 'STARTED.MASTER_GENERATED');
  clock.advance(15 * 60_000);
  await come(studio.engine, id, 'FAILED');
  const { failure, master } = await contextOf<Context>(studio.engine, id);
  expect(failure).toMatchObject({ code: 'TIMEOUT' });
  await studio.engine.send(id, { type: 'RETRY' });
  expect(await studio.engine.result(id, { timeout: 90_000 })).toMatchObject({ outcome: 'completed', pictures: 2 });
  // The master was not drawn again.
  expect((await studio.engine.steps(id)).filter(({ step }) => step === 'generate-master')).toHaveLength(1);
  expect((await contextOf<Context>(studio.engine, id)).master).toEqual(master);
});
