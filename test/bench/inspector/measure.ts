import type { Browser, Page } from 'playwright-core';
import type { Engine } from '../../../src/index.ts';
import { LIVE } from './fill.ts';

/** Milliseconds from the request to the first paint, and to the one that shows what was asked for; bytes over the wire until then. */
export interface Load {
  first: number;
  useful: number;
  bytes: number;
}

const LOOK = { viewport: { width: 1_280, height: 800 } };

/** In the page: when something is there first, as of its next paint. */
const WATCH = (selector: string): string => `
  globalThis.useful = new Promise((resolve) => {
    const look = () => {
      if (document.querySelector(${JSON.stringify(selector)}) === null) return false;
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
      return true;
    };
    const begin = () => {
      if (look()) return;
      const observer = new MutationObserver(() => look() && observer.disconnect());
      observer.observe(document, { subtree: true, childList: true, attributes: true });
    };
    begin();
  });`;

/** Of a browser that has never seen the page. */
export async function coldLoad(browser: Browser, url: string, ready: string): Promise<Load> {
  const page = await browser.newPage(LOOK);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  let bytes = 0;
  const apart = new Set<string>();
  cdp.on('Network.requestWillBeSent', ({ requestId, request }) => {
    if (request.url.includes('elk-worker')) apart.add(requestId);
  });
  cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (!apart.has(requestId)) bytes += encodedDataLength;
  });
  await page.addInitScript(WATCH(ready));
  await page.goto(url);
  const useful: number = await page.evaluate('useful');
  const loaded = bytes;
  // It is told a moment later.
  await page.waitForTimeout(300);
  const first: number = await page.evaluate(
    `performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN`,
  );
  await page.close();
  return { first, useful, bytes: loaded };
}

export interface Scrolled {
  /** Milliseconds between frames. */
  frames: number[];
  /** The longest task, from the loading on. */
  longest: number;
  /** Most lines in the page at a time. */
  drawn: number;
}

/** In the page: the longest task so far. */
const TASKS = `
  globalThis.longest = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, duration);
  }).observe({ type: 'longtask', buffered: true });`;

/** How long it is scrolled, once all is there. */
const SCROLL_MS = 8_000;

/** Scrolls to the end until all is read, and then all the way back, a step a frame. */
export async function scrolled(
  browser: Browser,
  url: string,
  { box, line, until }: { box: string; line: string; until: string },
): Promise<Scrolled> {
  const page = await browser.newPage(LOOK);
  await page.addInitScript(TASKS);
  await page.goto(url);
  await page.locator(line).first().waitFor();
  await page.evaluate(`(async () => {
    const box = document.querySelector(${JSON.stringify(box)});
    box.scrollIntoView();
    while (!(${until})) {
      box.scrollTop = box.scrollHeight;
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  })()`);
  const { frames, drawn } = (await page.evaluate(`(async () => {
    const box = document.querySelector(${JSON.stringify(box)});
    const frames = [];
    let drawn = 0;
    const height = box.scrollHeight - box.clientHeight;
    const began = performance.now();
    let last = began;
    for (;;) {
      const now = await new Promise((resolve) => requestAnimationFrame(resolve));
      frames.push(now - last);
      last = now;
      const part = (now - began) / ${SCROLL_MS};
      if (part >= 1) break;
      box.scrollTop = height * (1 - part);
      if (frames.length % 30 === 0) drawn = Math.max(drawn, document.querySelectorAll(${JSON.stringify(line)}).length);
    }
    return { frames: frames.slice(2), drawn };
  })()`)) as { frames: number[]; drawn: number };
  const longest: number = await page.evaluate('longest');
  await page.close();
  return { frames, longest, drawn };
}

/** Milliseconds from the time of a transition, which its commit comes after, to the frame that shows it. */
export async function updates(
  browser: Browser,
  engine: Engine,
  count: number,
  url: string,
  shows: (state: string) => string,
): Promise<number[]> {
  const page = await browser.newPage(LOOK);
  await page.goto(url);
  let state = (await engine.get(LIVE)).state;
  await seen(page, shows(state));
  const taken: number[] = [];
  for (let n = 0; n < count; n++) {
    state = state === 'HERE' ? 'THERE' : 'HERE';
    const shown = seen(page, shows(state));
    await engine.send(LIVE, { type: 'go' });
    const at = await shown;
    const { sequence } = await engine.get(LIVE);
    const { items } = await engine.history(LIVE, { cursor: String(sequence - 1) });
    taken.push(at - (items[0]?.at.getTime() ?? NaN));
    // Not in step with what the page does now and then.
    await page.waitForTimeout(300 + ((n * 137) % 400));
  }
  await page.close();
  return taken;
}

/** The time at which a condition holds on the screen. */
async function seen(page: Page, condition: string): Promise<number> {
  return page.evaluate(`new Promise((resolve) => {
    const look = () => {
      if (!(${condition})) return false;
      requestAnimationFrame(() => setTimeout(() => resolve(Date.now())));
      return true;
    };
    if (look()) return;
    const observer = new MutationObserver(() => look() && observer.disconnect());
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  })`);
}
