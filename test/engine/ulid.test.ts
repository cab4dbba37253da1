import { describe, expect, it } from 'vitest';
import { ulid } from '../../src/engine/ulid.ts';

describe('ids of new instances', () => {
  it('begin with the time as the specification has it', () => {
    expect(ulid(1_469_918_176_385)).toMatch(/^01aryz6s41[0-9a-hjkmnp-tv-z]{16}$/);
    expect(ulid(2 ** 48 - 1)).toMatch(/^7zzzzzzzzz/);
  });

  it('are in order of time, sorted as bytes and as words', () => {
    const now = Date.UTC(2026, 10, 30);
    const ids = Array.from({ length: 2_000 }, (_, i) => ulid(now + i * 37));
    expect(ids.toSorted()).toEqual(ids);
    expect(ids.toSorted((a, b) => a.localeCompare(b, 'en'))).toEqual(ids);
  });

  it('differ within a millisecond, in each place', () => {
    const ids = Array.from({ length: 2_000 }, () => ulid(0));
    expect(new Set(ids).size).toBe(ids.length);
    for (let place = 10; place < 26; place++) expect(new Set(ids.map((id) => id[place])).size, `${place}`).toBe(32);
  });
});
