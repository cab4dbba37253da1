import { describe, expect, test } from 'vitest';
import { TransitionError } from '../../../src/core/machine.ts';
import { Walk } from '../walk.ts';
import { machine } from './support.ts';

describe('which events it takes', () => {
  const it = new Walk(
    machine({
      initial: 'a',
      states: {
        a: {
          invoke: { id: 'i', src: 'step', onDone: 'b' },
          after: { 10: 'b' },
          on: {
            GO: { guard: 'even', target: 'b' },
            ODD: { guard: 'no', target: 'b' },
            NOT: {},
            'user.*': { actions: 'count' },
            BAD: {
              guard: () => {
                throw new Error('boom');
              },
              target: 'b',
            },
          },
        },
        b: {},
      },
      on: { ANY: { actions: 'count' } },
    }),
  );
  const accepts = (type: string): boolean => it.machine.accepts(it.snapshot, { type });

  test('by name, guards or not', () => {
    expect(it.machine.eventTypes(it.snapshot)).toEqual(['ANY', 'BAD', 'GO', 'ODD', 'user.*'].toSorted());
  });

  test('of states that nothing runs for: a region may wait while another one works', () => {
    const both = new Walk(
      machine({
        type: 'parallel',
        on: { ANY: {} },
        states: {
          works: { initial: 'a', states: { a: { invoke: { src: 'step' }, on: { LEAVE: 'b' } }, b: { type: 'final' } } },
          asks: {
            initial: 'a',
            on: { OUTER: { actions: 'count' } },
            states: {
              a: { initial: 'in', on: { SIGN: 'b' }, states: { in: { on: { INNER: 'in' }, after: { 10: 'in' } } } },
              b: { invoke: { src: 'step' }, initial: 'in', states: { in: { on: { LATE: 'in' } } } },
            },
          },
        },
      }),
    );
    expect(both.machine.waitsFor(both.snapshot)).toEqual(['INNER', 'OUTER', 'SIGN']);
    both.send('SIGN');
    expect(both.machine.waitsFor(both.snapshot)).toEqual([]);
    const plain = new Walk(machine({ initial: 'a', on: { ANY: '.a' }, states: { a: { on: { GO: 'a' } } } }));
    expect(plain.machine.waitsFor(plain.snapshot)).toEqual(['GO']);
    const one = new Walk(machine({ on: { GO: { actions: 'count' } } }));
    expect(one.machine.waitsFor(one.snapshot)).toEqual(['GO']);
  });

  test('guards included', () => {
    expect(['GO', 'ANY', 'user.x', 'xstate.done.actor.i'].map(accepts)).toEqual([true, true, true, true]);
    expect(['ODD', 'NOT', 'NEVER', '*', 'xstate.stop', 'xstate.init'].map(accepts)).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(() => accepts('BAD')).toThrow(TransitionError);
  });

  test('orders are no events, not even for a wildcard', () => {
    const wild = new Walk(machine({ on: { '*': { actions: 'count' } } }));
    const takes = (type: string): boolean => wild.machine.accepts(wild.snapshot, { type });
    expect(['any', '*', 'xstate.stop', 'xstate.init'].map(takes)).toEqual([true, false, false, false]);
  });

  test('none, once it has ended', () => {
    const ended = new Walk(
      machine({ initial: 'a', states: { a: { type: 'final' } }, on: { GO: { actions: 'count' } } }),
    );
    expect(ended.machine.accepts(ended.snapshot, { type: 'GO' })).toBe(false);
    expect(ended.send('GO').context).toEqual({ n: 0 });
  });
});
