import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer, type TestServer } from '../../http/support/server.ts';
import { vault } from '../../http/support/vault.ts';
import type { TestBrowser } from '../support/use-browser.ts';

const TOKEN = 'a-token-of-16-or-more';
const SECRETS_TOKEN = 'the-token-that-shows-secrets';

/** Who may see it, and what is away. */
export function accessTests(browser: TestBrowser): void {
  describe('who may see it, and what is away', () => {
    let secured: TestServer;
    let idle: TestServer;
    beforeAll(async () => {
      [secured, idle] = await Promise.all([
        startServer({ token: TOKEN, inspector: browser.folder }),
        startServer({ work: false, inspector: browser.folder, workflows: [vault], secretsToken: SECRETS_TOKEN }),
      ]);
    });
    afterAll(async () => {
      await Promise.all([secured.close(), idle.close()]);
    });

    test('the token lets one in, and is kept nowhere that a script can read', async () => {
      const page = await browser.open(`${secured.url}/ui/instances`, { allow: /401|403/ });
      await page.getByLabel('API token').fill('not-the-right-token');
      expect(await browser.barriers(page)).toEqual([]);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByText('This is not the API token').waitFor();
      await page.getByLabel('API token').fill(TOKEN);
      await page.keyboard.press('Enter');
      await page.getByText('No instance yet').waitFor();

      const seen: string = await page.evaluate(
        'JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, document.documentElement.outerHTML])',
      );
      expect(seen).not.toContain(TOKEN);
      expect(await page.evaluate('document.cookie')).toBe('');

      // A page that only has the cookie, as one of another site would, changes nothing.
      const send = (headers: object): Promise<number> =>
        page.evaluate(
          `fetch('/workflows/approval/instances', { method: 'POST', headers: ${JSON.stringify({ 'content-type': 'application/json', ...headers })}, body: '{"input":{"document":"x"}}' }).then((r) => r.status)`,
        );
      expect(await send({})).toBe(403);
      expect(await send({ 'x-requested-with': 'durachart' })).toBe(201);
      await page.locator('[role=row][data-id]').first().waitFor();

      await page.getByRole('button', { name: 'Log out' }).click();
      await page.getByLabel('API token').waitFor();
      await page.reload();
      await page.getByLabel('API token').waitFor();
      expect(await page.evaluate(`fetch('/instances').then((r) => r.status)`)).toBe(401);
    });

    test('says that no worker is up, and takes it back', async () => {
      const page = await browser.open(`${idle.url}/ui/overview`);
      await page.getByText('No worker is up.').waitFor();
      await page.getByText('Nothing has run yet').waitFor();
      await idle.engine.work();
      await page.getByText('No worker is up.').waitFor({ state: 'detached' });
      await page.getByText('1 worker').waitFor();
    });

    test('says that the database or the server is away, and goes on by itself', async () => {
      const page = await browser.open(`${idle.url}/ui/instances`, { allow: /503|ERR_INTERNET_DISCONNECTED/ });
      await page.getByText('No instance yet').waitFor();
      const away = { status: 'unavailable', database: false, workers: [] };
      await page.route('**/health/ready', (route) => route.fulfill({ status: 503, json: away }));
      await page.getByText('The database does not answer.').waitFor();
      await page.unroute('**/health/ready');
      await page.getByText('The database does not answer.').waitFor({ state: 'detached' });

      await page.context().setOffline(true);
      await page.getByText('The server does not answer.').waitFor();
      await idle.startedIn('READ', 'while nobody looked');
      await page.context().setOffline(false);
      await page.getByText('The server does not answer.').waitFor({ state: 'detached' });
      await page.locator('[role=row][data-id]').getByText('READ', { exact: true }).waitFor();
    });

    test('what is secret is masked, until the token that shows it is given, and after one has logged out', async () => {
      const { id } = await idle.engine.start('vault', { account: 'ada', password: 'correct horse' } as never);
      const page = await browser.open(`${idle.url}/ui/instances/${id}#data`);
      const input = page.getByRole('region', { name: 'Input', exact: true });
      await input.getByText('[secret]').waitFor();
      await page.getByRole('button', { name: 'Show what is secret' }).click();
      const dialog = page.getByRole('dialog', { name: 'Show what is secret' });
      expect(await browser.barriers(page)).toEqual([]);
      await dialog.getByLabel('Token that shows secrets').fill('not-the-right-token');
      await dialog.getByRole('button', { name: 'Show', exact: true }).click();
      await dialog.getByText('This token does not show secrets.').waitFor();
      await dialog.getByLabel('Token that shows secrets').fill(SECRETS_TOKEN);
      await page.keyboard.press('Enter');
      await input.getByText('correct horse').waitFor();
      await page.getByRole('button', { name: 'Hide what is secret' }).click();
      await input.getByText('[secret]').waitFor();
      expect(await page.getByText('correct horse').count()).toBe(0);
    });
  });
}
