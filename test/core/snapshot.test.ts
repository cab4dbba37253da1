import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyDiff, diffSnapshots, stateName, type StateValue, type StoredSnapshot } from '../../src/core/snapshot.ts';

const through = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const json = fc.jsonValue().map(through);
const context = fc
  .dictionary(fc.oneof(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.string()), json, { maxKeys: 5 })
  .map(through);
const names = Array.from({ length: 10 }, (_, i) => (i === 0 ? '__proto__' : `r${i}`));
const region: fc.Arbitrary<StateValue> = fc.constantFrom<StateValue>(
  'x',
  'y',
  { a: 'x' },
  { b: 'x' },
  { a: 'x', b: {} },
);
/** With so many regions that they are told one by one. */
const regions = fc
  .tuple(...names.map(() => region))
  .map((values): StateValue => Object.fromEntries(names.map((name, i) => [name, values[i]])));
const value: fc.Arbitrary<StateValue> = fc.oneof(
  fc.constantFrom('A', 'B'),
  fc.constantFrom<StateValue>({ p: 'x', q: {} }, { p: { r: 'y' }, q: 'z' }),
  regions,
  regions.map((inner) => ({ P: inner })),
);
const children = fc.oneof(
  fc.dictionary(fc.constantFrom('i', 'j'), fc.record({ src: fc.constantFrom('s', 't') })),
  fc.dictionary(fc.constantFrom('i', 'j', ...names), fc.record({ src: fc.constantFrom('s', 't') }), { minKeys: 7 }),
);

const snapshot: fc.Arbitrary<StoredSnapshot> = fc
  .record(
    {
      status: fc.constantFrom<StoredSnapshot['status'][]>('active', 'done', 'error', 'stopped'),
      value,
      context,
      children,
      historyValue: fc.dictionary(
        fc.constantFrom('m.h'),
        fc.array(fc.record({ id: fc.constantFrom('m.A', 'm.B') }), { maxLength: 2 }),
      ),
      output: json,
      error: json,
    },
    { requiredKeys: ['status', 'value', 'context', 'children', 'historyValue'] },
  )
  .map(through);

test('a difference, written down, gives the later snapshot', () => {
  fc.assert(
    fc.property(snapshot, snapshot, (before, after) => {
      expect(applyDiff(before, through(diffSnapshots(before, after)))).toEqual(after);
    }),
    { numRuns: 500 },
  );
});

test('a history of differences gives every snapshot', () => {
  fc.assert(
    fc.property(snapshot, fc.array(snapshot), (first, later) => {
      let [stored, current] = [first, first];
      for (const next of later) {
        stored = applyDiff(stored, through(diffSnapshots(current, next)));
        current = next;
        expect(stored).toStrictEqual(next);
      }
    }),
  );
});

const active = (context: Record<string, unknown>): StoredSnapshot => ({
  status: 'active',
  value: 'A',
  context,
  children: {},
  historyValue: {},
});

test('has only what changed', () => {
  const big = { text: 'x'.repeat(100) };
  expect(diffSnapshots(active({ big, n: 1, old: 1 }), active({ big: { ...big }, n: 2 }))).toEqual({
    context: { n: 2 },
    removed: ['old'],
  });
  expect(diffSnapshots(active({ big }), active({ big }))).toEqual({});
});

test('of many regions and children has those that changed', () => {
  const many = <T>(of: (i: number) => T): Record<string, T> =>
    Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`r${i}`, of(i)]));
  const before = { ...active({}), value: { P: many(() => 'run') }, children: many(() => ({ src: 's' })) };
  const { r7: _, ...left } = before.children;
  const after = {
    ...before,
    value: { P: { ...before.value.P, r7: 'end' } },
    children: { ...left, new: { src: 't' } },
  };
  expect(diffSnapshots(before, after)).toEqual({
    regions: [[['P', 'r7'], 'end']],
    born: { new: { src: 't' } },
    gone: ['r7'],
  });
});

test('remembers that an error is gone', () => {
  const failed = { ...active({}), error: { code: 'X' } };
  expect(diffSnapshots(failed, active({}))).toEqual({ cleared: ['error'] });
  expect(diffSnapshots(active({}), failed)).toEqual({ error: { code: 'X' } });
});

test.each<[StateValue, string]>([
  ['VALIDATED', 'VALIDATED'],
  [{ play: 'paused' }, 'play.paused'],
  [{ a: 'x', b: 'y' }, 'a.x, b.y'],
  [{ a: { b: { c: 'x', d: {} } }, e: {} }, 'a.b, e'],
  [{ INSIGHTS: { blog: 'drafting', linkedin: 'drafted' } }, 'INSIGHTS'],
  [{ a: { b: { c: 'x' } } }, 'a.b.c.x'],
  [{ a: undefined }, 'a'],
  [{ a: 'wait, then go' }, 'a.wait, then go'],
  [{}, ''],
])('%j reads as %s', (from, name) => {
  expect(stateName(from)).toBe(name);
});

test('of many regions none of which has changed tells none', () => {
  const value = () => Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`r${i}`, 'x']));
  const before: StoredSnapshot = {
    status: 'active',
    value: value(),
    context: { n: 1 },
    children: {},
    historyValue: {},
  };
  const diff = diffSnapshots(before, { ...before, value: value(), context: { n: 2 } });
  expect(diff).toEqual({ context: { n: 2 } });
});
