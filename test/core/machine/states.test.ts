import { and, assign, not, or, stateIn } from 'xstate';
import { describe, expect, test } from 'vitest';
import { inEachWay, type Context } from './support.ts';

inEachWay((walk) => {
  describe('states', () => {
    test('one after the other, and branches', () => {
      const it = walk({
        initial: 'a',
        states: {
          a: { on: { GO: [{ guard: 'no', target: 'x' }, { guard: 'even', target: 'b' }, 'x'] } },
          b: { on: { GO: 'c' } },
          c: {},
          x: {},
        },
      });
      expect(it.value).toBe('a');
      expect(it.send('GO').value).toBe('b');
      expect(it.send('GO').value).toBe('c');
      expect(it.changed).toBe(true);
      expect(it.send('GO').changed).toBe(false);
      expect(it.effects).toEqual([]);
    });

    test('parallel and nested, done with all regions', () => {
      const region = { initial: 'x', states: { x: { on: { GO: 'y' } }, y: { type: 'final' } } };
      const it = walk({
        initial: 'both',
        states: {
          both: {
            type: 'parallel',
            states: { p: region, q: { initial: 'x', states: { x: { on: { ON: 'y' } }, y: { type: 'final' } } } },
            onDone: 'end',
          },
          end: { type: 'final' },
        },
      });
      expect(it.value).toEqual({ both: { p: 'x', q: 'x' } });
      expect(it.send('GO').value).toEqual({ both: { p: 'y', q: 'x' } });
      expect(it.send('ON').stored).toMatchObject({ status: 'done', value: 'end' });
    });

    test('parallel regions are asked in the order of the definition, whatever order jsonb gives back', () => {
      const region = (name: string): object => ({
        initial: 'x',
        states: {
          x: { on: { GO: { target: 'y', reenter: true } } },
          y: {
            always: {
              guard: ({ context }: { context: Context }) => context.n > 0,
              target: 'z',
              actions: { type: 'note', params: name },
            },
          },
          z: {},
        },
      });
      const it = walk({
        type: 'parallel',
        states: { zeta: region('zeta'), a: region('a') },
        on: { COUNT: { actions: 'count' } },
      });
      it.send('GO');
      const { zeta, a } = it.stored.value as Record<string, string>;
      it.snapshot = it.machine.restore({ ...it.stored, value: { a, zeta } });
      expect(Object.keys(it.value)).toEqual(['zeta', 'a']);
      expect(
        it
          .send('COUNT')
          .of('action')
          .map(({ params }) => params),
      ).toEqual(['zeta', 'a']);
    });

    test('shallow and deep history', () => {
      const inner = { initial: 'x', states: { x: { on: { IN: 'y' } }, y: {} } };
      const it = walk({
        initial: 'a',
        states: {
          a: {
            initial: 'one',
            states: {
              one: { on: { NEXT: 'two' } },
              two: inner,
              shallow: { type: 'history' },
              deep: { type: 'history', history: 'deep' },
            },
            on: { OUT: 'b' },
          },
          b: { on: { SHALLOW: 'a.shallow', DEEP: 'a.deep' } },
        },
      });
      it.send('NEXT', 'IN', 'OUT');
      expect(it.stored.historyValue).toEqual({ 'm.a.shallow': [{ id: 'm.a.two' }], 'm.a.deep': [{ id: 'm.a.two.y' }] });
      expect(it.send('SHALLOW').value).toEqual({ a: { two: 'x' } });
      expect(it.send('IN', 'OUT', 'DEEP').value).toEqual({ a: { two: 'y' } });
    });

    test('always, and guards made of guards', () => {
      const inA = stateIn('#m.a');
      const it = walk({
        initial: 'a',
        states: {
          a: {
            on: {
              GO: [
                { guard: and(['no', 'even'] as never), target: 'x' },
                { guard: or(['no', and([inA, not('no' as never)])] as never), target: 'b' },
              ],
            },
          },
          b: {
            always: [
              { guard: inA, target: 'x' },
              { guard: { type: 'even' }, target: 'c' },
            ],
          },
          c: {},
          x: {},
        },
      });
      expect(it.send('GO').value).toBe('c');
    });

    test('final states have output', () => {
      const it = walk({
        initial: 'a',
        output: ({ context, event }: { context: Context; event: { output: unknown } }) => ({
          n: context.n,
          of: event.output,
        }),
        states: {
          a: {
            initial: 'x',
            states: { x: { type: 'final', output: ({ context }: { context: Context }) => context.n + 1 } },
            onDone: { target: 'end', actions: assign(({ event }) => ({ n: event['output'] })) },
          },
          end: { type: 'final', output: 'bye' },
        },
      });
      expect(it.stored).toEqual({
        status: 'done',
        value: 'end',
        context: { n: 1 },
        children: {},
        historyValue: {},
        output: { n: 1, of: 'bye' },
      });
      const after = it.send('GO');
      expect(after.changed).toBe(false);
      expect(after.machine.eventTypes(after.snapshot)).toEqual([]);
    });

    test('reenter leaves and enters again: stop before invoke, cancel before schedule', () => {
      const it = walk({
        initial: 'a',
        states: {
          a: {
            invoke: { id: 'i', src: 'step' },
            after: { 10: {} },
            entry: 'note',
            exit: 'note',
            on: { AGAIN: { target: 'a', reenter: true }, STAY: { target: 'a' } },
          },
        },
      });
      expect(it.send('STAY').effects).toEqual([]);
      expect(it.send('AGAIN').effects.map(({ type }) => type)).toEqual([
        'action',
        'cancel',
        'stop',
        'action',
        'schedule',
        'invoke',
      ]);
      expect(it.of('cancel')).toEqual([{ type: 'cancel', id: 'xstate.after.10.m.a' }]);
    });

    test('tags, in order', () => {
      const it = walk({ type: 'parallel', states: { p: { tags: ['z', 'b'] }, q: { tags: 'a' } } });
      expect(it.machine.tags(it.snapshot)).toEqual(['a', 'b', 'z']);
    });
  });
});
