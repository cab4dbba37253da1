import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useConfig } from '../../../machines/video-processing/config.ts';
import { migrations, videoProcessing } from '../../../machines/video-processing/index.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { startServer, type TestServer } from '../../http/support/server.ts';
import { SAMPLES, settings } from '../../machines/video-processing/support.ts';
import type { TestBrowser } from '../support/use-browser.ts';

/** A whole job, by the page alone. */
export function storyTests(browser: TestBrowser): void {
  describe('a video, from the form to what is delivered', () => {
    let server: TestServer;
    beforeAll(async () => {
      useConfig(settings());
      server = await startServer({ inspector: browser.folder, workflows: [videoProcessing] });
      await migrate(server.databaseUrl, [migrations]);
    });
    afterAll(async () => {
      await server.close();
      useConfig(undefined);
    });
    const idOf = (url: string): string => new URL(url).pathname.split('/').at(-1) ?? '';

    test('started, it fails; why is read, it is mended and tried again, and the drafts are there', async () => {
      const page = await browser.open(`${server.url}/ui/workflows/video-processing?tab=start`);
      // The example of the schema stands there; the file does not.
      await page.getByRole('textbox', { name: /^source/ }).fill('lost.mp4');
      await page
        .getByRole('textbox', { name: /A .vtt, .srt or .txt file/ })
        .or(page.getByLabel('string'))
        .first()
        .fill('long-jobs.vtt');
      await page.getByRole('button', { name: 'Start', exact: true }).click();
      await page.waitForURL(/\/ui\/instances\//);

      await page.locator('[data-state="FAILED_VALIDATION"][data-lit="true"]').waitFor();
      await page.getByRole('tab', { name: /^Steps/ }).click();
      await page.getByText('There is no file lost.mp4 below VIDEO_ROOT.').first().waitFor();
      const why = page.getByRole('region', { name: 'Why is it here?' });
      await why
        .getByText(/came here .*INVALID_INPUT|INVALID_INPUT/)
        .first()
        .waitFor();

      await page.getByRole('button', { name: 'RETRY', exact: true }).click();
      const dialog = page.getByRole('dialog', { name: 'Send RETRY' });
      await dialog.getByRole('textbox', { name: /^source/ }).fill('long-jobs.mp4');
      await dialog.getByRole('region', { name: 'What would happen' }).getByText('RECEIVED').waitFor();
      await dialog.getByRole('button', { name: 'Send RETRY' }).click();

      await page.locator('[data-state="ANALYTICS_LOGGED"][data-lit="true"]').waitFor({ timeout: 30_000 });
      await page.getByRole('tab', { name: 'Artifacts' }).click();
      await page.getByRole('button', { name: /^pack\/blog\.md/ }).click();
      await page.getByRole('region', { name: 'blog.md' }).getByRole('heading').first().waitFor();
      expect(await server.engine.get(idOf(page.url()))).toMatchObject({ status: 'done', state: 'ANALYTICS_LOGGED' });

      // And the video itself is played.
      await page.getByRole('button', { name: /^source\.mp4/ }).click();
      const video = page.getByLabel('source.mp4', { exact: true });
      await expect
        .poll(() => video.evaluate((element) => (element as unknown as { readyState: number }).readyState))
        .toBeGreaterThan(0);
    });

    test('one that waits for a transcript is given it, and goes on to its end', async () => {
      const { id } = await server.engine.start('video-processing', {
        workspaceId: 'w',
        source: 'long-jobs.mp4',
      } as never);
      const page = await browser.open(`${server.url}/ui/instances/${id}`);
      await page.locator('[data-state="NEEDS_USER_INPUT"][data-lit="true"]').waitFor();
      await page.getByRole('button', { name: 'TRANSCRIPT_PROVIDED' }).click();
      const dialog = page.getByRole('dialog', { name: 'Send TRANSCRIPT_PROVIDED' });
      const text = await readFile(`${SAMPLES}/long-jobs.vtt`, 'utf8');
      await dialog.getByRole('radio', { name: 'JSON' }).click();
      await dialog.getByLabel('Payload', { exact: true }).fill(JSON.stringify({ text, format: 'vtt' }));
      await dialog.getByRole('region', { name: 'What would happen' }).getByText('INGESTED').waitFor();
      await dialog.getByRole('button', { name: 'Send TRANSCRIPT_PROVIDED' }).click();
      await page.locator('[data-state="ANALYTICS_LOGGED"][data-lit="true"]').waitFor({ timeout: 30_000 });

      // Back through the history: the context of that moment is shown.
      await page.getByRole('tab', { name: 'Context' }).click();
      const slider = page.getByRole('slider', { name: 'Transition' });
      await slider.focus();
      await page.keyboard.press('Home');
      await page.locator('[data-state="RECEIVED"][data-lit="true"]').waitFor();
      for (let press = 0; press < 3; press++) await page.keyboard.press('ArrowRight');
      await page.locator('[data-state="NEEDS_USER_INPUT"][data-lit="true"]').waitFor();
      await page.getByText('as it was after transition 4').waitFor();
      await page.getByText('Context after transition 4').waitFor();
    });
  });
}
