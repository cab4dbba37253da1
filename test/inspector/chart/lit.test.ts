import { expect, test } from 'vitest';
import { litBy } from '../../../src/inspector/chart/lit.ts';

test.each([
  ['A', ['A']],
  [{ A: 'x' }, ['A', 'A.x']],
  [{ A: { left: 'x', right: { y: 'z' } } }, ['A', 'A.left', 'A.left.x', 'A.right', 'A.right.y', 'A.right.y.z']],
  [{ left: {}, right: 'y' }, ['left', 'right', 'right.y']],
  [null, []],
  [undefined, []],
])('%j lights its states and those around them', (value, paths) => {
  expect([...litBy(value)]).toEqual(paths);
});
