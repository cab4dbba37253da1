import { expect, test } from 'vitest';
import { around, centred, fitted, opened, shows, zoomed } from '../../../src/inspector/chart/view.ts';

const WINDOW = { width: 800, height: 600 };
const CANVAS = { width: 2_000, height: 3_000 };
const BOX = { x: 900, y: 1_400, width: 100, height: 40 };

test('all of a small chart is shown in its size, in the middle', () => {
  expect(fitted(WINDOW, { width: 400, height: 200 })).toEqual({ scale: 1, x: 200, y: 186 });
  expect(opened(WINDOW, { width: 400, height: 200 }, BOX)).toEqual({ scale: 1, x: 200, y: 186 });
});

test('of a large chart the part around the current state is shown, to be read', () => {
  const view = opened(WINDOW, CANVAS, BOX);
  expect(view.scale).toBe(0.85);
  expect(shows(view, WINDOW, BOX)).toBe(true);
  expect(shows(fitted(WINDOW, CANVAS), WINDOW, { x: 0, y: 0, ...CANVAS })).toBe(true);
  expect(opened(WINDOW, CANVAS, undefined)).toEqual(fitted(WINDOW, CANVAS));
});

test('a state at the border is not put in the middle at the price of emptiness', () => {
  const view = centred(WINDOW, CANVAS, { x: 0, y: 0, width: 100, height: 40 }, 0.85);
  expect([view.x, view.y]).toEqual([16, 16]);
});

test('zooming keeps what is at the pointer there, within bounds', () => {
  const before = { x: 10, y: 20, scale: 0.5 };
  const at = { x: 300, y: 200 };
  const after = zoomed(before, at, 2);
  expect((at.x - after.x) / after.scale).toBeCloseTo((at.x - before.x) / before.scale);
  expect((at.y - after.y) / after.scale).toBeCloseTo((at.y - before.y) / before.scale);
  expect(zoomed(before, at, 1_000).scale).toBe(2.5);
  expect(zoomed(before, at, 1 / 1_000).scale).toBe(0.1);
});

test('what is not wholly seen is not shown', () => {
  expect(shows({ x: -901, y: 0, scale: 1 }, WINDOW, { ...BOX, y: 0 })).toBe(false);
  expect(shows({ x: -900, y: 0, scale: 1 }, WINDOW, { ...BOX, y: 0 })).toBe(true);
});

test('the box around boxes', () => {
  expect(around([])).toBeUndefined();
  expect(around([BOX, { x: 0, y: 1_500, width: 10, height: 10 }])).toEqual({
    x: 0,
    y: 1_400,
    width: 1_000,
    height: 110,
  });
});
