import { setup } from 'xstate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent, defineWorkflow } from '../../src/index.ts';
import { startServer, type TestServer } from '../http/support/server.ts';
import { noBrowser } from './support/browser.ts';
import { useBrowser } from './support/use-browser.ts';

const signedUp = defineEvent('user.signed-up', z.object({ userId: z.string() }));
const report = defineWorkflow({
  machine: setup({}).createMachine({ id: 'report', initial: 'SENT', states: { SENT: { type: 'final' } } }),
  schedules: [
    { name: 'weekly', cron: '0 9 * * 1', timezone: 'Europe/Berlin', jitter: 300_000 },
    { name: 'often', cron: '*/5 * * * *', overlap: 'skip' },
  ],
  subscriptions: ({ startedBy }) => [startedBy(signedUp, { input: () => undefined })],
});

describe.skipIf(noBrowser)('schedules and events', () => {
  const browser = useBrowser();
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ inspector: browser.folder, workflows: [report] });
    await server.engine.publish('user.signed-up', { userId: '42' }, { key: 'signup-42' });
  });
  afterAll(() => server.close());

  test('are seen, run and paused', async () => {
    const page = await browser.open(`${server.url}/ui/overview`);
    await page.getByRole('link', { name: 'Schedules' }).click();
    const schedules = page.getByRole('region', { name: 'Schedules' });
    await schedules.getByText('0 9 * * 1').waitFor();
    await schedules.getByRole('button', { name: 'Run report/weekly now' }).click();
    await schedules.getByRole('link', { name: 'SENT' }).waitFor();
    await schedules.getByRole('button', { name: 'Pause report/often' }).click();
    await schedules.getByText('paused by inspector').waitFor();
    const events = page.getByRole('region', { name: 'Published events' });
    await events.getByText('user.signed-up').waitFor();
    expect(await server.engine.pauses()).toMatchObject([{ target: 'schedule', name: 'report/often', by: 'inspector' }]);
    if (process.env['SCREENSHOT'] !== undefined) await page.screenshot({ path: process.env['SCREENSHOT'] });
    await schedules.getByRole('button', { name: 'Let report/often go on' }).click();
    await expect.poll(async () => server.engine.pauses(), { timeout: 8_000 }).toEqual([]);
  });
});
