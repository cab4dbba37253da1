import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { defineStep, defineWorkflow, StepError } from '../../../src/index.ts';
import { startServer, type TestServer } from '../../http/support/server.ts';
import { standing } from '../../support/engine.ts';
import type { TestBrowser } from '../support/use-browser.ts';

/** Runs, if anything is taken for more than text. */
const EVIL = `"><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u202E'\`{{7*7}}`;
/** What XState keeps dots and `#` for is left out; a name has all the rest. */
const NAME = `<img src=x onerror="hacked=1">`;

const step = defineStep({
  input: z.object({ text: z.string() }).describe(EVIL),
  retry: { maxAttempts: 1 },
  run: async ({ input: { text }, log, progress }) => {
    log.error(EVIL, { [EVIL]: EVIL });
    progress(0.5, EVIL);
    throw new StepError('CONTENT_POLICY_VIOLATION', text, { retryable: false, details: { [EVIL]: EVIL } });
  },
});

const machine = setup({
  types: {} as { context: { [key: string]: string }; input: { text: string } },
  actors: { [NAME]: step },
}).createMachine({
  id: 'hostile',
  description: EVIL,
  context: ({ input }) => ({ text: input.text, [EVIL]: EVIL }),
  initial: 'BEGUN',
  states: {
    BEGUN: {
      description: EVIL,
      on: { [NAME]: { target: NAME, description: EVIL, actions: assign({ more: EVIL }) } },
    },
    [NAME]: {
      description: EVIL,
      tags: [EVIL],
      invoke: { id: NAME, src: NAME as never, input: ({ context }) => ({ text: context['text'] ?? '' }) },
    },
  },
});

const hostile = defineWorkflow({
  machine: machine as never,
  version: EVIL,
  input: z.object({
    text: z
      .string()
      .describe(EVIL)
      .meta({ title: EVIL, examples: [EVIL] }),
  }),
  events: { [NAME]: z.object({ [NAME]: z.string().optional().describe(EVIL) }) } as never,
});

/** Text that others have written is text, wherever it stands. */
export function hostileTests(browser: TestBrowser): void {
  describe('what others have written', () => {
    let server: TestServer;
    let id: string;
    beforeAll(async () => {
      server = await startServer({ inspector: browser.folder, workflows: [hostile as never] });
      const started = await server.engine.start('hostile', { text: EVIL } as never, {
        tags: [EVIL, NAME],
        tenant: EVIL,
        key: EVIL,
      });
      id = started.id;
      await standing(server.engine, id, 'waiting');
      await server.engine.send(id, { type: NAME, [NAME]: EVIL });
      await standing(server.engine, id, 'failed');
      await server.engine
        .operate(id, { operation: 'pause' }, { by: EVIL.slice(0, 150), why: EVIL, wait: 5_000 })
        .catch(() => {});
      await server.engine
        .operate(id, { operation: 'retry' }, { by: EVIL.slice(0, 150), why: EVIL, wait: 5_000 })
        .catch(() => {});
      await standing(server.engine, id, 'failed');
      await server.artifacts.put(`${id}/note.md`, `# ${EVIL}\n\n[link](javascript:window.hacked=1)\n\n${EVIL}`);
      await server.artifacts.put(`${id}/page.html`, EVIL);
      await server.artifacts.put(
        `${id}/drawing.svg`,
        `<svg xmlns="http://www.w3.org/2000/svg" onload="window.hacked=1"/>`,
      );
    });
    afterAll(() => server.close());

    test('is text in every place, and never runs', async () => {
      const page = await browser.open(`${server.url}/ui/overview`, { allow: /404/ });
      const clean = async (place: string): Promise<void> => {
        expect(await page.evaluate('window.hacked'), place).toBeUndefined();
        expect(await page.locator('img[src="x"], [onerror], a[href^="javascript:"]').count(), place).toBe(0);
      };
      const places: [place: string, ready: string][] = [
        ['overview', 'Failures by code'],
        ['instances', 'hostile'],
        [`instances?tag=${encodeURIComponent(EVIL)}`, 'hostile'],
        [
          `instances?errorCode=${encodeURIComponent(NAME)}&state=${encodeURIComponent(EVIL)}`,
          'No instance is like that',
        ],
        ['workflows', 'hostile'],
        ...['chart', 'steps', 'funnel', 'versions', 'simulate', 'start', 'schemas'].map((tab): [string, string] => [
          `workflows/hostile?tab=${tab}`,
          'hostile',
        ]),
        [`workflows/hostile?state=${encodeURIComponent(NAME)}`, 'hostile'],
        [`workflows/${encodeURIComponent(NAME)}`, 'There is no workflow'],
        [`instances/${encodeURIComponent(NAME)}`, 'There is no such instance'],
        ['instances?next=//evil.example', 'hostile'],
      ];
      for (const [place, ready] of places) {
        await browser.go(page, place);
        await page.getByText(ready).filter({ visible: true }).first().waitFor();
        await clean(place);
      }
      await browser.go(page, `instances/${id}`);
      await page.getByRole('region', { name: 'Why is it here?' }).getByText(EVIL.slice(0, 20)).first().waitFor();
      await page.locator('[data-lit="true"]').first().waitFor();
      await clean('instance');
      for (const tab of [
        /^Timeline/,
        /^Steps/,
        /^Context/,
        /^Events/,
        /^Artifacts/,
        /^Operations/,
        /^Input and output/,
      ]) {
        await page.getByRole('tab', { name: tab }).click();
        await page.getByRole('tabpanel').waitFor();
        await clean(String(tab));
      }
      await page.getByRole('tab', { name: /^Artifacts/ }).click();
      for (const name of ['note.md', 'page.html', 'drawing.svg']) {
        await page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
        await page.getByRole('heading', { name: `${id}/${name}` }).waitFor();
        await clean(name);
      }
      await page.getByRole('button', { name: 'Retry' }).first().click();
      const dialog = page.getByRole('dialog', { name: 'Retry' });
      await dialog.getByLabel('Why').fill(EVIL);
      await dialog.getByText('durachart retry').waitFor();
      await clean('dialog');
    });

    test('an artifact that is a page of its own does not run either, when it is opened', async () => {
      const page = await browser.open(`${server.url}/ui/overview`);
      for (const name of ['page.html', 'drawing.svg']) {
        const response = await server.call('GET', `/artifacts/${id}/${name}`);
        expect(response.headers.get('content-disposition'), name).toMatch(/^attachment/);
      }
      expect(await page.evaluate('window.hacked')).toBeUndefined();
    });
  });
}
