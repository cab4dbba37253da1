import { createActor, createMachine, fromPromise, type AnyActorRef } from 'xstate';
import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { contextText, restoredContext, settleContext, storedContext, type Context } from '../../src/core/context.ts';
import { decoded } from '../../src/core/undefined.ts';

const noActor = (): AnyActorRef => {
  throw new Error('No actor is in there.');
};

test('the text of a stored context is its JSON, whatever is in it', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (context) => {
      const text = JSON.stringify(context);
      fc.pre(
        !text.includes('\\u0000') &&
          !text.includes('$durachart') &&
          !text.includes('xstate$$type') &&
          !/\\ud[89a-f]/i.test(text),
      );
      const settled = settleContext(context as Context, 'The context');
      expect(contextText(storedContext(settled))).toBe(JSON.stringify(storedContext(settled)));
      // What has come from the database and was not settled yet.
      expect(contextText(JSON.parse(text) as Context)).toBe(text);
    }),
  );
});

test('a key that means the prototype stays a key', () => {
  const context = JSON.parse('{"__proto__":{"a":1},"b":2}') as Context;
  const settled = settleContext(context, 'The context');
  expect(Object.keys(settled)).toEqual(['__proto__', 'b']);
  expect(Object.getPrototypeOf(settled)).toBe(Object.prototype);
  expect(contextText(storedContext(settled))).toBe('{"__proto__":{"a":1},"b":2}');
  const restored = restoredContext(context, noActor);
  expect(JSON.stringify(restored)).toBe('{"__proto__":{"a":1},"b":2}');
});

test('what is undefined is named beside the rest, and references to actors are marks', () => {
  const logic = fromPromise(async () => 1);
  const machine = createMachine({ context: ({ spawn }) => ({ ref: spawn(logic, { id: 'child' }) as unknown }) });
  const { ref } = createActor(machine).getSnapshot().context;
  const settled = settleContext({ nothing: undefined, ref, list: [ref, 1], n: -0 }, 'The context');
  const text = contextText(storedContext(settled));
  const mark = { xstate$$type: 1, id: 'child' };
  expect(JSON.parse(text)).toEqual({
    ref: mark,
    list: [mark, 1],
    n: 0,
    $durachart: { undefined: [['nothing', 0]] },
  });
  expect(contextText({ nothing: undefined, n: 1 })).toBe('{"n":1}');
});

test.each([
  ['plain', `item`],
  ['with undefined in it', undefined],
])('a value %s that many snapshots share is made text of once', (_, item) => {
  const items = Array.from({ length: 50 }, (__, i) => ({ i, item }));
  const first = settleContext({ items, n: 1 }, 'The context');
  contextText(storedContext(first));
  const stringify = vi.spyOn(JSON, 'stringify');
  const second = settleContext({ ...first, n: 2 }, 'The context');
  const text = contextText(storedContext(second));
  const asked = stringify.mock.calls.map(([value]) => value as unknown);
  stringify.mockRestore();
  expect(asked.filter((value) => typeof value === 'object')).toEqual([]);
  expect(decoded(JSON.parse(text))).toStrictEqual({ items, n: 2 });
});
