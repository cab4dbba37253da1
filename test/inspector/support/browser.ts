import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type axe from 'axe-core';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { build } from 'vite';

/** A Chromium or Chrome of this machine; `CHROMIUM` names another. Without one the tests of the page are skipped. */
export const CHROMIUM =
  process.env['CHROMIUM'] ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));

/** Whether the tests of the page are skipped; never where CI runs: there, what is missing shows. */
export const noBrowser = CHROMIUM === undefined && process.env['CI'] === undefined;
if (noBrowser)
  process.stderr.write('There is no Chromium: tests of the inspector are skipped (apt-get install chromium).\n');

export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The page as it is delivered, and a browser to look at it with. */
export interface Inspector {
  /** Folder of the built page, for the server. */
  folder: string;
  /** A new tab; with options one of a browser that remembers nothing. */
  open(url: string, options?: BrowserContextOptions): Promise<Tab>;
  close(): Promise<void>;
}

export interface Tab {
  page: Page;
  /** What the page complained of, and requests to anywhere but its own server. */
  complaints: string[];
  /** What keeps people from using it, by axe; serious and critical only. @param only of these rules */
  barriers(only?: readonly string[]): Promise<string[]>;
  close(): Promise<void>;
}

export async function startInspector(): Promise<Inspector> {
  const folder = await mkdtemp(join(tmpdir(), 'durachart-inspector-'));
  const root = fileURLToPath(new URL('../../../src/inspector', import.meta.url));
  const [browser] = await Promise.all([
    chromium.launch({ executablePath: CHROMIUM ?? '', args: FLAGS }),
    build({
      root,
      configFile: join(root, 'vite.config.ts'),
      logLevel: 'error',
      build: { outDir: folder, emptyOutDir: true },
    }),
  ]);
  // Who wants nothing special shares a context, and with it the scripts that it has compiled.
  const shared = await browser.newContext(LOOK);
  return {
    folder,
    open: (url, options) => openTab(browser, shared, url, options),
    close: async () => {
      await browser.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const LOOK: BrowserContextOptions = { viewport: { width: 1_280, height: 800 }, reducedMotion: 'reduce' };

async function openTab(
  browser: Browser,
  shared: BrowserContext,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Tab> {
  const context = Object.keys(options).length === 0 ? shared : await browser.newContext({ ...LOOK, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`${message.text()} ${message.location().url}`.trim());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  const { origin } = new URL(url);
  page.on('request', (request) => {
    const asked = new URL(request.url());
    if (asked.origin !== origin && asked.protocol !== 'data:' && asked.protocol !== 'blob:')
      complaints.push(request.url());
  });
  await page.goto(url);
  return {
    page,
    complaints,
    barriers: (only) => barriersOf(page, only),
    close: () => (context === shared ? page.close() : context.close()),
  };
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

async function barriersOf(page: Page, only?: readonly string[]): Promise<string[]> {
  await page.evaluate(await readFile(AXE, 'utf8'));
  const { violations } = await page.evaluate(
    (rules) =>
      // oxlint-disable-next-line no-undef
      (globalThis as unknown as { axe: typeof axe }).axe.run({
        resultTypes: ['violations'],
        // There are no styles of other hosts to be fetched.
        preload: false,
        ...(rules === undefined ? {} : { runOnly: [...rules] }),
      }),
    only,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary ?? ''}`),
    );
}
