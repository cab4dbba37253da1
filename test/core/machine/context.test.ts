import { assign, emit } from 'xstate';
import { expect, test } from 'vitest';
import { factsOf } from '../../support/thrown.ts';
import { inEachWay } from './support.ts';

interface Kept {
  kept: { error: Error }[];
}

inEachWay((walk) => {
  test('the context is the same afterwards: what is undefined stays, nothing is shared with outside', () => {
    const input = { list: [1] };
    const it = walk(
      {
        context: ({ input: given }: { input: unknown }) => ({ given, gone: undefined, zero: -0 }),
        on: { CLEAR: { actions: assign({ given: undefined }) } },
      },
      input,
    );
    input.list.push(2);
    expect(it.snapshot.context).toStrictEqual({ given: { list: [1] }, gone: undefined, zero: 0 });
    expect(it.send('CLEAR').snapshot.context).toStrictEqual({ given: undefined, gone: undefined, zero: 0 });
  });

  test('an error in the context is one afterwards, frozen, and the same in each way', () => {
    const error = Object.assign(new RangeError('far', { cause: new Error('inner') }), { code: 'E_FAR', list: [1] });
    const it = walk({
      on: {
        KEEP: { actions: assign({ kept: () => [{ error }] }) },
        SEE: { actions: assign({ seen: ({ context }) => factsOf((context as never as Kept).kept[0]?.error) }) },
      },
    });
    it.send('KEEP', 'SEE');
    expect(it.context['seen']).toEqual(factsOf(error));
    const [{ error: kept }] = (it.snapshot.context as never as Kept).kept as [{ error: Error & { list: unknown[] } }];
    expect(kept).not.toBe(error);
    for (const part of [kept, kept.list, kept.cause]) expect(Object.isFrozen(part)).toBe(true);
    expect(it.context['kept']).toMatchObject([
      { error: { durachart$error: 'RangeError', message: 'far', code: 'E_FAR' } },
    ]);
  });

  test('what leaves the machine has errors as plain objects', () => {
    const error = Object.assign(new Error('far'), { code: 'E_FAR' });
    const plain = { name: 'Error', message: 'far', code: 'E_FAR' };
    const it = walk({
      initial: 'a',
      output: { error },
      states: {
        a: { on: { GO: { target: 'b', actions: [{ type: 'note', params: { error } }, emit({ type: 'e', error })] } } },
        b: { invoke: { id: 'i', src: 'step', input: () => ({ error }) }, on: { GO: 'c' } },
        c: { type: 'final' },
      },
    });
    it.send('GO');
    expect(it.effects).toMatchObject([
      { type: 'action', params: { error: plain } },
      { type: 'emit', event: { type: 'e', error: plain } },
      { type: 'invoke', input: { error: plain } },
    ]);
    expect(JSON.stringify(it.effects)).not.toContain('durachart$');
    expect(it.send('GO').stored.output).toMatchObject({ error: plain });
    const action = walk({ on: { FAIL: { actions: 'note' } } }).send({ type: 'FAIL', error });
    expect(action.of('action')[0]?.event['error']).toMatchObject({ durachart$error: 'Error', code: 'E_FAR' });
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
