import { assign, raise, spawnChild, type AnyActorRef } from 'xstate';
import { describe, expect, test } from 'vitest';
import { TransitionError } from '../../../src/core/machine.ts';
import { Walk } from '../walk.ts';
import { machine } from './support.ts';

describe('a call leaves no trace', () => {
  test('the same event on the same snapshot gives the same', () => {
    const it = new Walk(
      machine({
        on: {
          GO: {
            actions: [
              assign(({ spawn }: never) => ({ ref: (spawn as (src: string) => AnyActorRef)('child') })),
              'count',
              'note',
              raise({ type: 'X' }, { delay: 1 }),
            ],
          },
        },
      }),
    );
    const [first, second] = [
      it.machine.next(it.snapshot, { type: 'GO' }),
      it.machine.next(it.snapshot, { type: 'GO' }),
    ];
    expect(second.effects).toEqual(first.effects);
    expect(it.machine.store(second.snapshot)).toEqual(it.machine.store(first.snapshot));
    expect(it.stored.context).toEqual({ n: 0 });
  });

  test('a transition that threw is forgotten', () => {
    const it = new Walk(
      machine({
        on: {
          BAD: {
            actions: [
              'note',
              spawnChild('child', { id: 'k', systemId: 's' }),
              assign(() => {
                throw new Error('no');
              }),
            ],
          },
          GO: { actions: spawnChild('child', { id: 'k', systemId: 's' }) },
        },
      }),
    );
    expect(() => it.send('BAD')).toThrow(TransitionError);
    expect(it.send('GO').effects).toEqual([{ type: 'invoke', id: 'k', src: 'child', input: undefined }]);
  });

  test('an unchanged part of the context is not copied again, nor looked at', () => {
    const it = new Walk(machine({ context: { big: { list: [1, 2] }, n: 0 }, on: { GO: { actions: 'count' } } }));
    const { big } = it.snapshot.context as { big: object };
    it.send('GO');
    expect((it.snapshot.context as { big: object }).big).toBe(big);
    expect(it.context['big']).toBe(big);
    expect(Object.isFrozen(big)).toBe(true);
  });
});
