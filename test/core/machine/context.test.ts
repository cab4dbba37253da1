import { assign } from 'xstate';
import { expect, test } from 'vitest';
import { inEachWay } from './support.ts';

inEachWay((walk) => {
  test('the context is the same afterwards: no undefined properties, nothing shared with outside', () => {
    const input = { list: [1] };
    const it = walk(
      {
        context: ({ input: given }: { input: unknown }) => ({ given, gone: undefined, zero: -0 }),
        on: { CLEAR: { actions: assign({ given: undefined }) } },
      },
      input,
    );
    input.list.push(2);
    expect(it.snapshot.context).toStrictEqual({ given: { list: [1] }, zero: 0 });
    expect(it.send('CLEAR').snapshot.context).toStrictEqual({ zero: 0 });
  });

  test('code that changes the context in place is stopped, and told what to do', () => {
    const it = walk({
      context: { list: [] },
      on: {
        PUSH: {
          actions: assign(({ context }: never) => {
            (context as { list: number[] }).list.push(1);
            return {};
          }),
        },
      },
    });
    expect(() => it.send('PUSH')).toThrow('The context is read-only: return new values from assign().');
    expect(it.context).toEqual({ list: [] });
  });

  test('self.getSnapshot() is the snapshot before the transition', () => {
    const it = walk({
      initial: 'a',
      states: {
        a: { on: { GO: { target: 'b', actions: assign(({ self }) => ({ was: self.getSnapshot().value })) } } },
        b: {},
      },
    });
    expect(it.send('GO').context).toEqual({ n: 0, was: 'a' });
  });
});
