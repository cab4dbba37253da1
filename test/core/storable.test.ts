import { expect, test } from 'vitest';
import { storable } from '../../src/core/json.ts';
import { decoded } from '../../src/core/undefined.ts';

test('what is undefined beside an error is kept as well', () => {
  const kept = decoded(storable({ left: undefined, error: new Error('no') }, 'The context')) as object;
  expect('left' in kept).toBe(true);
  expect(kept).toMatchObject({ left: undefined, error: { message: 'no' } });
});
