import { mkdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { CHROMIUM, FLAGS } from '../support/browser.ts';
import { setScene, type Scene } from './scene.ts';

/** Takes the pictures of the README: `npm run screenshots`. */

interface Shot {
  name: string;
  path: (scene: Scene) => string;
  colours: 'light' | 'dark';
  height: number;
  /** Waits until all is there to be seen. */
  ready: (page: Page) => Promise<void>;
}

const SHOTS: readonly Shot[] = [
  {
    name: 'instance',
    path: ({ waiting }) => `instances/${waiting}`,
    colours: 'light',
    height: 800,
    ready: (page) => page.locator('[data-state="NEEDS_USER_INPUT"][data-lit="true"]').waitFor(),
  },
  {
    name: 'instances',
    path: () => 'instances?workflow=video-processing',
    colours: 'dark',
    height: 600,
    ready: (page) => page.locator('[role=row][data-id]').nth(10).waitFor(),
  },
  {
    name: 'workflow',
    path: () => 'workflows/video-processing?state=INGESTED',
    colours: 'light',
    height: 800,
    ready: (page) => page.locator('[data-edge][data-taken]:not([data-taken="0"])').first().waitFor(),
  },
  {
    name: 'overview',
    path: () => 'overview?period=1h',
    colours: 'dark',
    height: 640,
    ready: (page) => page.getByRole('region', { name: 'Workers' }).waitFor(),
  },
];

const FOLDER = fileURLToPath(new URL('../../../docs/images', import.meta.url));

const scene = await setScene();
const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: FLAGS });
try {
  await mkdir(FOLDER, { recursive: true });
  for (const { name, path, colours, height, ready } of SHOTS) {
    const page = await browser.newPage({
      viewport: { width: 1_280, height },
      colorScheme: colours,
      reducedMotion: 'reduce',
    });
    await page.goto(`${scene.server.api.url}/ui/${path(scene)}`);
    await ready(page);
    // What comes in is moved into its place.
    await page.waitForTimeout(1_500);
    const file = `${FOLDER}/${name}.png`;
    await page.screenshot({ path: file });
    await page.close();
    console.log(`${name}.png  ${Math.round((await stat(file)).size / 1_000)} kB`);
  }
} finally {
  await browser.close();
  await scene.close();
}
