import { cancel, raise } from 'xstate';
import { describe, expect, test } from 'vitest';
import { inEachWay } from './support.ts';

inEachWay((walk) => {
  describe('timers', () => {
    const self = { self: true };

    test('after a number, a named delay, and one that is computed', () => {
      const it = walk({
        context: { n: 3 },
        initial: 'a',
        states: { a: { after: { 10: 'b', fixed: 'b', byContext: 'c' } }, b: {}, c: {} },
      });
      expect(it.effects).toEqual([
        {
          type: 'schedule',
          id: 'xstate.after.10.m.a',
          event: { type: 'xstate.after.10.m.a' },
          target: self,
          delay: 10,
        },
        {
          type: 'schedule',
          id: 'xstate.after.fixed.m.a',
          event: { type: 'xstate.after.fixed.m.a' },
          target: self,
          delay: 50,
        },
        {
          type: 'schedule',
          id: 'xstate.after.byContext.m.a',
          event: { type: 'xstate.after.byContext.m.a' },
          target: self,
          delay: 300,
        },
      ]);
      it.send('xstate.after.byContext.m.a');
      expect(it.value).toBe('c');
      expect(it.of('cancel').map(({ id }) => id)).toEqual([
        'xstate.after.10.m.a',
        'xstate.after.fixed.m.a',
        'xstate.after.byContext.m.a',
      ]);
    });

    test('each parallel region has its own', () => {
      const region = { initial: 'x', states: { x: { after: { 10: 'y' } }, y: {} } };
      const it = walk({ type: 'parallel', states: { p: region, q: region } });
      expect(it.of('schedule').map(({ id }) => id)).toEqual(['xstate.after.10.m.p.x', 'xstate.after.10.m.q.x']);
      it.send('xstate.after.10.m.q.x');
      expect(it.value).toEqual({ p: 'x', q: 'y' });
      expect(it.of('cancel')).toEqual([{ type: 'cancel', id: 'xstate.after.10.m.q.x' }]);
    });

    test('raise: at once inside the macrostep, later as a timer that can be cancelled', () => {
      const it = walk({
        initial: 'a',
        states: {
          a: {
            on: {
              GO: {
                target: 'b',
                actions: [
                  raise({ type: 'ON' }),
                  raise({ type: 'LATE', x: 1 } as never, { delay: 5, id: 't' }),
                  raise({ type: 'LATE' }, { delay: 'fixed' } as never),
                  raise({ type: 'LATE' }, { delay: -5 }),
                ],
              },
            },
          },
          b: { on: { ON: 'c' } },
          c: { on: { STOP: { actions: [cancel('t'), cancel(() => undefined as never)] } } },
        },
      }).send('GO');
      expect(it.value).toBe('c');
      expect(it.effects).toEqual([
        { type: 'schedule', id: 't', event: { type: 'LATE', x: 1 }, target: self, delay: 5 },
        { type: 'schedule', id: undefined, event: { type: 'LATE' }, target: self, delay: 50 },
        { type: 'schedule', id: undefined, event: { type: 'LATE' }, target: self, delay: 0 },
      ]);
      expect(it.send('STOP').effects).toEqual([{ type: 'cancel', id: 't' }]);
    });

    test.each([Number.NaN, Infinity])('a delay of %d is refused', (delay) => {
      const it = walk({ on: { GO: { actions: raise({ type: 'LATE' }, { delay: () => delay }) } } });
      expect(() => it.send('GO')).toThrow(`m: the delay of LATE is ${delay}. Give it milliseconds.`);
    });

    test('a machine that has ended arms none', () => {
      const it = walk({
        initial: 'a',
        states: {
          a: { on: { GO: { target: 'end', actions: raise({ type: 'LATE' }, { delay: 5 }) } } },
          end: { type: 'final' },
        },
      });
      expect(it.send('GO').effects).toEqual([]);
    });
  });
});
