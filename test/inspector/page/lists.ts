import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrateWorkflows } from '../../../src/store/migrate-workflows.ts';
import { startServer, type TestServer } from '../../http/support/server.ts';
import type { TestBrowser } from '../support/use-browser.ts';

/** Other tests run beside this one. */
const SOON = { timeout: 8_000 };

/** Overview, lists and workflows. */
export function listTests(browser: TestBrowser): void {
  describe('the inspector', () => {
    let server: TestServer;
    let readId: string;
    beforeAll(async () => {
      server = await startServer({ inspector: browser.folder });
      await migrateWorkflows(server.databaseUrl, server.engine.workflows);
      readId = await server.startedIn('READ', 'a plain document');
      for (const each of [1, 2, 3]) {
        const { id } = await server.engine.start('approval', { document: `bad ${each}` } as never, {
          tags: ['broken'],
        });
        await server.engine.result(id).catch(() => {});
      }
      await server.halfDone('hold it');
    });
    afterAll(() => server.close());

    const lines = (page: Page) => page.locator('[role=row][data-id]');

    test('/ leads to the overview, which says how it goes', async () => {
      const page = await browser.open(`${server.url}/`);
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      expect(page.url()).toBe(`${server.url}/ui/overview`);
      await page.getByRole('region', { name: 'Failures by code' }).getByText('CONTENT_POLICY_VIOLATION').waitFor();
      await page.getByRole('region', { name: 'Steps in hand' }).getByText('read').waitFor();
      await page.getByRole('link', { name: /^stuck/ }).click();
      await expect.poll(() => lines(page).count(), SOON).toBe(3);
      expect(page.url()).toBe(`${server.url}/ui/instances?is=stuck`);
    });

    describe('the list', () => {
      test('shows what the address asks for, and puts every filter into it', async () => {
        const page = await browser.open(`${server.url}/ui/instances?status=failed&tag=broken`);
        await expect.poll(() => lines(page).count(), SOON).toBe(3);
        await page.getByRole('link', { name: 'Without status failed' }).click();
        await page.getByRole('link', { name: 'Without tag broken' }).click();
        await expect.poll(() => lines(page).count(), SOON).toBe(5);
        const filters = page.getByRole('complementary', { name: 'Filters' });
        await filters.getByRole('link', { name: /failed 3/ }).click();
        await expect.poll(() => page.url(), SOON).toBe(`${server.url}/ui/instances?status=failed`);
        await filters.getByRole('link', { name: /^SUBMITTED/ }).click();
        await expect.poll(() => new URL(page.url()).searchParams.get('state'), SOON).toBe('SUBMITTED');
        await page.goBack();
        await expect.poll(() => page.url(), SOON).toBe(`${server.url}/ui/instances?status=failed`);
      });

      test('is filtered and gone through by keys alone', async () => {
        const page = await browser.open(`${server.url}/ui/overview`);
        await page.getByRole('heading', { name: 'Overview' }).waitFor();
        await page.keyboard.press('g');
        await page.keyboard.press('i');
        await lines(page).first().waitFor();
        await page.keyboard.press('/');
        await page.keyboard.type('wait');
        await page.getByRole('option', { name: /status waiting/ }).waitFor();
        await page.keyboard.press('Enter');
        await expect.poll(() => page.url(), SOON).toBe(`${server.url}/ui/instances?status=waiting`);
        await expect.poll(() => lines(page).count(), SOON).toBe(1);
        await page.keyboard.press('j');
        await page.locator('[data-at]').waitFor();
        await page.keyboard.press('Enter');
        await expect.poll(() => page.url(), SOON).toBe(`${server.url}/ui/instances/${readId}`);
      });

      test('changes as the instances do', async () => {
        const page = await browser.open(`${server.url}/ui/instances?tag=live`);
        await page.getByText('No instance is like that').waitFor();
        const { id } = await server.engine.start('approval', { document: 'hold live' } as never, { tags: ['live'] });
        const line = page.locator(`[data-id="${id}"]`);
        await line.getByText('SUBMITTED').waitFor();
        await line.getByText('running').waitFor();
        server.gate.open('hold live');
        await line.getByText('READ', { exact: true }).waitFor();
        // What is no transition is seen as well.
        await server.engine.operate(id, { operation: 'pause' });
        await line.getByRole('img', { name: 'paused' }).waitFor();
        await server.engine.operate(id, { operation: 'unpause' });
        await line.getByRole('img', { name: 'waiting' }).waitFor();
        await server.engine.cancel(id, { force: true });
        await line.getByRole('img', { name: 'cancelled' }).waitFor();
      });

      test('draws what is in sight only, and fetches on', async () => {
        const started = Array.from({ length: 150 }, (_, index) =>
          server.engine.start('approval', { document: `many ${index}` } as never, { tags: ['many'] }),
        );
        await Promise.all(started);
        const page = await browser.open(`${server.url}/ui/instances?tag=many`);
        await lines(page).first().waitFor();
        await page.getByRole('table', { name: 'Instances' }).focus();
        await expect
          .poll(async () => {
            await page.keyboard.press('End');
            return page.locator('[data-shown]').getAttribute('data-shown');
          }, SOON)
          .toBe('150');
        expect(await lines(page).count()).toBeLessThan(80);
      });

      test('a view is saved and comes back', async () => {
        const page = await browser.open(`${server.url}/ui/instances?status=failed`);
        await page.getByRole('button', { name: 'Save view' }).click();
        await page.getByLabel('Name of the view').fill('What broke');
        await page.getByRole('button', { name: 'Save', exact: true }).click();
        await page.goto(`${server.url}/ui/instances`);
        await page.getByRole('link', { name: 'What broke' }).click();
        await expect.poll(() => page.url(), SOON).toBe(`${server.url}/ui/instances?status=failed`);
        await page.getByRole('button', { name: 'Forget the view What broke' }).click();
        await expect.poll(() => page.getByRole('link', { name: 'What broke' }).count(), SOON).toBe(0);
      });

      test('many are retried at once, after they have been counted', async () => {
        const page = await browser.open(`${server.url}/ui/instances?status=failed&tag=broken`);
        for (const each of [1, 2, 3]) server.gate.open(`bad ${each}`);
        await page.getByRole('button', { name: 'Bulk' }).click();
        await page.locator('[data-matched="3"]').waitFor();
        await page.getByLabel(/^Why/).fill('the policy was wrong');
        await page.getByRole('button', { name: 'Retry 3' }).click();
        await page.getByText(/^Done: 3 applied/).waitFor();
        await page.getByRole('button', { name: 'Close' }).click();
        await page.getByText('No instance is like that').waitFor();
        const { items } = await server.engine.operations({ limit: 3 });
        expect(items.map(({ operation, by, why }) => ({ operation, by, why }))).toEqual(
          Array.from({ length: 3 }, () => ({ operation: 'retry', by: 'inspector', why: 'the policy was wrong' })),
        );
      });
    });

    describe('a workflow', () => {
      test('is started from a form made of its schema', async () => {
        const page = await browser.open(`${server.url}/ui/workflows/approval?tab=start`);
        await page.getByRole('textbox', { name: /document/ }).fill('by the form');
        await page.getByLabel(/^Tags/).fill('formed, by hand');
        await page.getByRole('button', { name: 'Start', exact: true }).click();
        await page.waitForURL(/\/ui\/instances\//);
        const [started] = (await server.engine.list({ tag: 'formed' })).items;
        expect(started).toMatchObject({ workflow: 'approval', tags: ['formed', 'by hand'] });
      });

      test('an input that does not fit is refused, field by field', async () => {
        const page = await browser.open(`${server.url}/ui/workflows/approval?tab=start`, { allow: /422/ });
        await page.getByRole('radio', { name: 'JSON' }).click();
        await page.getByLabel('Input', { exact: true }).fill('{"document": 7}');
        await page.getByRole('button', { name: 'Start', exact: true }).click();
        await page.getByRole('alert').getByText('input.document').waitFor();
      });

      test('shows where instances stand, and how its steps do', async () => {
        const page = await browser.open(`${server.url}/ui/workflows/approval`);
        await page.getByRole('complementary', { name: 'State' }).getByRole('button', { name: /READ/ }).click();
        await page.getByRole('heading', { name: 'READ' }).waitFor();
        expect(new URL(page.url()).searchParams.get('state')).toBe('READ');
        await page.getByRole('radio', { name: 'Steps' }).click();
        await page.getByRole('row', { name: /^read/ }).waitFor();
        await page.getByRole('radio', { name: 'Funnel' }).click();
        await page.getByRole('row', { name: /^SUBMITTED/ }).waitFor();
      });

      test('is clicked through with chosen outcomes, and nothing is run', async () => {
        const before = (await server.engine.list()).items.length;
        const page = await browser.open(`${server.url}/ui/workflows/approval?tab=simulate`);
        await page.getByRole('button', { name: /^read succeeds/ }).click();
        await page.locator('[data-state="READ"][data-lit="true"]').waitFor();
        await page.getByRole('button', { name: /^approve/ }).click();
        await page.getByText('In APPROVED').waitFor();
        await page.getByRole('button', { name: 'Back' }).click();
        await page.getByText('In READ').waitFor();
        expect((await server.engine.list()).items).toHaveLength(before);
      });
    });

    test('the palette goes anywhere, and ? shows the keys', async () => {
      const page = await browser.open(`${server.url}/ui/overview`);
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      await page.keyboard.press('?');
      await page.getByRole('dialog').getByText('Go to or do anything').waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+k');
      await page.keyboard.type(readId);
      await page.getByRole('menuitem', { name: readId }).waitFor();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await expect.poll(() => page.url(), SOON).toBe(`${server.url}/ui/instances/${readId}`);
    });

    test('colours are those of the system, until others are chosen', async () => {
      const page = await browser.open(`${server.url}/ui/overview`, { colorScheme: 'dark' });
      const background = (): Promise<string> =>
        page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
      const button = page.getByRole('button', { name: /^Colours/ });
      await button.waitFor();
      const dark = await background();
      await page.emulateMedia({ colorScheme: 'light' });
      await expect.poll(background, SOON).not.toBe(dark);
      const light = await background();
      await button.click();
      await button.click();
      await expect.poll(background, SOON).toBe(dark);
      expect(await button.getAttribute('aria-label')).toBe('Colours: dark');
      await page.reload();
      await button.waitFor();
      await expect.poll(background, SOON).toBe(dark);
      await button.click();
      await expect.poll(background, SOON).toBe(light);
    });

    test('a place that is not there is said so, and an unknown workflow', async () => {
      const page = await browser.open(`${server.url}/ui/nowhere`, { allow: /404/ });
      await page.getByText('There is nothing at this address').waitFor();
      await page.goto(`${server.url}/ui/workflows/nope`);
      await page.getByText('There is no workflow nope').waitFor();
    });

    test('on a phone nothing needs scrolling aside', async () => {
      const page = await browser.open(`${server.url}/ui/overview`, { viewport: { width: 360, height: 740 } });
      for (const [place, ready] of [
        ['overview', 'Workers'],
        ['instances?status=waiting', 'READ'],
        ['workflows', 'approval'],
        ['workflows/approval?tab=start', 'document'],
        ['workflows/approval?tab=steps', 'p95'],
      ] as const) {
        await browser.go(page, place);
        await page.getByText(ready).filter({ visible: true }).first().waitFor();
        const widths = '[document.documentElement, document.querySelector("main")].map((each) => each.scrollWidth)';
        expect(await page.evaluate(widths), place).toEqual([360, 360]);
      }
    });

    test.each([
      [
        'light',
        [
          ['overview', 'Workers'],
          ['instances?status=waiting', 'READ'],
          ['workflows', 'approval'],
          ['workflows/approval', 'Where instances stand'],
          ['workflows/approval?tab=steps', 'p95'],
          ['workflows/approval?tab=funnel', 'Stays, median'],
          ['workflows/approval?tab=versions', 'of this server'],
          ['workflows/approval?tab=simulate', 'What happens next?'],
          ['workflows/approval?tab=start', 'document'],
          ['workflows/approval?tab=schemas', 'Error codes'],
        ],
      ],
      // What differs are the colours.
      [
        'dark',
        [
          ['overview', 'Workers'],
          ['instances', 'READ'],
          ['workflows/approval', 'Where instances stand'],
        ],
      ],
    ] as const)(
      'keeps nobody out, %s',
      async (colorScheme, places) => {
        const page = await browser.open(`${server.url}/ui/overview`, { colorScheme });
        const rules = colorScheme === 'dark' ? ['color-contrast'] : undefined;
        for (const [place, ready] of places) {
          await browser.go(page, place);
          await page.getByText(ready).filter({ visible: true }).first().waitFor();
          expect(await browser.barriers(page, rules), place).toEqual([]);
        }
        await page.keyboard.press('Control+k');
        await page.getByRole('menuitem').first().waitFor();
        expect(await browser.barriers(page, rules), 'palette').toEqual([]);
      },
      60_000,
    );
  });
}
