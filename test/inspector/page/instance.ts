import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { standing } from '../../support/engine.ts';
import { startServer, type TestServer } from '../../http/support/server.ts';
import type { TestBrowser } from '../support/use-browser.ts';

const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** The page of an instance. */
export function instanceTests(browser: TestBrowser): void {
  describe('the page of an instance', () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startServer({ inspector: browser.folder });
    });
    afterAll(() => server.close());

    async function open(
      at: string,
      look: Parameters<typeof browser.open>[1] = {},
    ): Promise<{ page: Page; barriers: () => Promise<string[]> }> {
      const page = await browser.open(`${server.url}/ui/instances/${at}`, look);
      return { page, barriers: () => browser.barriers(page) };
    }

    test('says why a failed instance stands there, and retries it', async () => {
      const { id } = await server.engine.start('approval', { document: 'bad page' } as never);
      await standing(server.engine, id, 'failed');
      const { page, barriers } = await open(`${id}#steps`);
      const why = page.getByRole('region', { name: 'Why is it here?' });
      await why.getByText('Step read failed for good').waitFor();
      await why.getByText('CONTENT_POLICY_VIOLATION', { exact: true }).waitFor();
      await page.locator('[data-state="SUBMITTED"][data-lit="true"]').waitFor();
      await page.getByRole('region', { name: 'Log' }).or(page.getByText('reading')).first().waitFor();
      expect(await barriers()).toEqual([]);

      server.gate.open('bad page');
      await why.getByRole('button', { name: 'Retry' }).click();
      const dialog = page.getByRole('dialog', { name: 'Retry' });
      await dialog.getByLabel('Who').fill('ada');
      await dialog.getByLabel('Why').fill('the rule was changed');
      await dialog.getByText(`durachart retry ${id} --by ada --why 'the rule was changed'`).waitFor();
      expect(await barriers()).toEqual([]);
      await dialog.getByRole('button', { name: 'Retry' }).click();
      await page.locator('[data-state="READ"][data-lit="true"]').waitFor();
      await dialog.waitFor({ state: 'hidden' });
      await page.getByRole('tab', { name: 'Operations' }).click();
      await page.getByText('“the rule was changed”').waitFor();
      expect(await server.engine.operations({ targetId: id })).toMatchObject({
        items: [{ operation: 'retry', by: 'ada', status: 'applied' }],
      });
    });

    test('sends an event by its form, after it has shown what would happen', async () => {
      const id = await server.startedIn('READ', 'sent from the page');
      const { page, barriers } = await open(id);
      await page.getByRole('button', { name: 'approve', exact: true }).click();
      const dialog = page.getByRole('dialog', { name: 'Send approve' });
      await dialog.getByText('It would not be taken.').waitFor();
      await dialog.getByLabel('by').fill('grace');
      await dialog.getByRole('region', { name: 'What would happen' }).getByText('APPROVED').waitFor();
      expect((await server.engine.get(id)).state).toBe('READ');
      expect(await barriers()).toEqual([]);
      await dialog.getByRole('button', { name: 'Send approve' }).click();
      await page.locator('[data-state="APPROVED"][data-lit="true"]').waitFor();
      expect(await server.engine.get(id)).toMatchObject({ status: 'done', output: { by: 'grace' } });
    });

    test('replays the history through chart and context, and rewinds from there', async () => {
      const id = await server.startedIn('READ', 'gone through again');
      await server.engine.send(id, { type: 'approve', by: 'ada' });
      await standing(server.engine, id, 'done');
      const { page, barriers } = await open(`${id}#context`);
      await page.locator('[data-state="APPROVED"][data-lit="true"]').waitFor();
      const slider = page.getByRole('slider', { name: 'Transition' });
      await slider.focus();
      await page.keyboard.press('ArrowLeft');
      await page.locator('[data-state="READ"][data-lit="true"]').waitFor();
      expect(await page.locator('[data-taken="1"]').count()).toBe(1);
      await page.getByRole('region', { name: 'Changes' }).getByText('words').waitFor();
      expect(await barriers()).toEqual([]);

      await page.getByRole('button', { name: 'Rewind to here' }).click();
      const dialog = page.getByRole('dialog', { name: 'Rewind' });
      expect(await dialog.getByLabel('After transition').inputValue()).toBe('2');
      await dialog.getByRole('button', { name: 'Rewind' }).click();
      await page.getByRole('button', { name: 'approve', exact: true }).waitFor();
      expect(await server.engine.get(id)).toMatchObject({ status: 'waiting', state: 'READ', context: { by: null } });
    });

    test('shows progress as it happens, and what the instance did on the way', async () => {
      const id = await server.halfDone('hold seen');
      const { page } = await open(id);
      await page.getByRole('progressbar', { name: 'Progress of read' }).waitFor();
      await page.locator('[data-state="SUBMITTED"]').getByText('50 %').waitFor();
      await page.getByRole('button', { name: /^read: running/ }).click();
      await page
        .getByRole('region', { name: /^Step 1:/ })
        .getByText('half of it')
        .waitFor();
      server.gate.open('hold seen');
      await page.locator('[data-state="READ"][data-lit="true"]').waitFor();
      await page.getByRole('button', { name: /^read: done, attempt 1 done/ }).waitFor();
    });

    test('shows artifacts as what they are, and runs nothing that is in them', async () => {
      const id = await server.startedIn('READ', 'with artifacts');
      await server.artifacts.put(`${id}/picture.png`, PIXEL);
      await server.artifacts.put(
        `${id}/letter.md`,
        '# Dear reader\n\n<img src=x onerror="document.title=\'run\'"> ![far](http://example.com/x.png)',
      );
      const { page, barriers } = await open(`${id}#artifacts`);
      await page.getByRole('heading', { name: 'Dear reader' }).waitFor();
      expect(await page.getByRole('region', { name: 'letter.md' }).locator('img').count()).toBe(0);
      await page.getByRole('button', { name: /^picture\.png/ }).click();
      const picture = page.getByRole('img', { name: 'picture.png' });
      await picture.waitFor();
      await expect
        .poll(() => picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth))
        .toBe(1);
      expect(await page.title()).not.toBe('run');
      expect(await barriers()).toEqual([]);
    });

    test('the context is edited as JSON, and the patch is shown before it is asked for', async () => {
      const id = await server.startedIn('READ', 'edited');
      const { page } = await open(id);
      await page.getByRole('button', { name: 'Edit', exact: true }).click();
      const dialog = page.getByRole('dialog', { name: 'Edit the context' });
      const save = dialog.getByRole('button', { name: 'Save' });
      expect(await save.isDisabled()).toBe(true);
      const { context } = await server.engine.get(id);
      await dialog.getByLabel('Context').fill(JSON.stringify({ ...context, words: 7 }));
      await dialog.getByText('/words').first().waitFor();
      await save.click();
      await dialog.waitFor({ state: 'hidden' });
      expect((await server.engine.get(id)).context).toMatchObject({ words: 7 });
    });

    test('a fork leads to the new instance; one that is not there is said to be missing', async () => {
      const id = await server.startedIn('READ', 'forked');
      const { page } = await open(id);
      await page.getByRole('button', { name: 'Fork', exact: true }).click();
      await page.getByRole('dialog', { name: 'Fork' }).getByRole('button', { name: 'Fork' }).click();
      await page.waitForURL((url) => !url.pathname.endsWith(id));
      const forked = page.url().split('/').at(-1) ?? '';
      await page.getByRole('heading', { name: forked }).waitFor();
      expect(await server.engine.get(forked)).toMatchObject({ state: 'READ', status: 'waiting' });

      const missing = await open('nope', { allow: /404/ });
      await missing.page.getByText('There is no such instance').waitFor();
    });

    test('on a phone all of it is there, and nothing has to be scrolled sideways', async () => {
      const id = await server.startedIn('READ', 'in the hand');
      const { page, barriers } = await open(id, {
        viewport: { width: 390, height: 844 },
        hasTouch: true,
        colorScheme: 'dark',
      });
      await page.locator('[data-state="READ"][data-lit="true"]').waitFor();
      await page.getByRole('region', { name: 'Why is it here?' }).waitFor();
      expect(
        await page.evaluate(() => {
          const { documentElement } = (
            globalThis as unknown as { document: { documentElement: { scrollWidth: number } } }
          ).document;
          return documentElement.scrollWidth;
        }),
      ).toBe(390);
      expect(await barriers()).toEqual([]);
    });
  });
}
