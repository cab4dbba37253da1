import { describe } from 'vitest';
import { accessTests } from './page/access.ts';
import { hostileTests } from './page/hostile.ts';
import { instanceTests } from './page/instance.ts';
import { listTests } from './page/lists.ts';
import { storyTests } from './page/story.ts';
import { noBrowser } from './support/browser.ts';
import { useBrowser } from './support/use-browser.ts';

// One browser and one build serve them all.
describe.skipIf(noBrowser)('the page', { timeout: 60_000 }, () => {
  const browser = useBrowser();
  listTests(browser);
  instanceTests(browser);
  accessTests(browser);
  storyTests(browser);
  hostileTests(browser);
});
