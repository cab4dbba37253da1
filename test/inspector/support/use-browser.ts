import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { startInspector, type Inspector, type Tab } from './browser.ts';

/** How a page is looked at. */
interface Look extends BrowserContextOptions {
  /** What the page may complain about. */
  allow?: RegExp;
}

export interface TestBrowser {
  /** Folder of the built page, for a server. */
  readonly folder: string;
  /** Opens a page, which has to be without complaints when the test ends. */
  open(url: string, look?: Look): Promise<Page>;
  /** Goes to another place of a page that was opened, as its links do: nothing is loaded anew. */
  go(page: Page, place: string): Promise<void>;
  /** What keeps people from using a page that was opened. @param only by these rules of axe */
  barriers(page: Page, only?: readonly string[]): Promise<string[]>;
}

/** A browser for the tests of a file, and the page built as it is now. */
export function useBrowser(): TestBrowser {
  let inspector: Inspector;
  const tabs = new Map<Page, Tab>();
  beforeAll(async () => {
    inspector = await startInspector();
  }, 60_000);
  afterAll(() => inspector?.close());
  return {
    get folder() {
      return inspector.folder;
    },
    async open(url, { allow, ...look } = {}) {
      const tab = await inspector.open(url, look);
      tabs.set(tab.page, tab);
      onTestFinished(async () => {
        tabs.delete(tab.page);
        await tab.close();
        expect(tab.complaints.filter((text) => allow?.test(text) !== true)).toEqual([]);
      });
      return tab.page;
    },
    go: async (page, place) => {
      const address = JSON.stringify(`/ui/${place}`);
      await page.evaluate(`history.pushState(null, '', ${address}); dispatchEvent(new PopStateEvent('popstate'));`);
    },
    barriers: async (page, only) => tabs.get(page)?.barriers(only) ?? [],
  };
}
