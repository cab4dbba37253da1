import { emit, enqueueActions, forwardTo, log, sendParent, sendTo } from 'xstate';
import { describe, expect, test } from 'vitest';
import { implementations, inEachWay, type Context } from './support.ts';

inEachWay((walk) => {
  describe('what a machine says', () => {
    test('to a child, itself, its parent', () => {
      const it = walk({
        invoke: { id: 'i', src: 'child' },
        on: {
          GO: {
            actions: [
              sendTo('i', { type: 'A' }),
              sendTo(({ self }) => self, { type: 'B' }),
              sendParent({ type: 'C' }),
              forwardTo('i'),
              sendTo('i', { type: 'D' }, { delay: 7, id: 'd' }),
              sendTo('#_internal', { type: 'E' }, { delay: 'fixed' } as never),
            ],
          },
        },
      }).send({ type: 'GO', x: 1 });
      const to = { child: 'i' };
      expect(it.effects).toEqual([
        { type: 'send', target: to, event: { type: 'A' } },
        { type: 'send', target: { self: true }, event: { type: 'B' } },
        { type: 'send', target: { parent: true }, event: { type: 'C' } },
        { type: 'send', target: to, event: { type: 'GO', x: 1 } },
        { type: 'schedule', id: 'd', event: { type: 'D' }, target: to, delay: 7 },
        { type: 'schedule', id: undefined, event: { type: 'E' }, target: { self: true }, delay: 50 },
      ]);
    });

    test('emit, log and named actions, in order, with what they were asked with', () => {
      const it = walk({
        on: {
          GO: {
            actions: [
              'note',
              emit(({ event }) => ({ type: 'e', of: event.type })),
              'count',
              { type: 'note', params: ({ context }: { context: Context }) => ({ n: context.n }) },
              log('text'),
              log(({ context }) => context, 'label'),
            ],
          },
        },
      }).send('GO');
      const event = { type: 'GO' };
      expect(it.effects).toEqual([
        { type: 'action', name: 'note', params: undefined, context: { n: 0 }, event },
        { type: 'emit', event: { type: 'e', of: 'GO' } },
        { type: 'action', name: 'note', params: { n: 1 }, context: { n: 1 }, event },
        { type: 'log', label: undefined, value: 'text' },
        { type: 'log', label: 'label', value: { n: 1 } },
      ]);
      expect(it.machine.action('note')).toBe(implementations.actions.note);
      expect(it.machine.action('nobody')).toBeUndefined();
      expect(it.machine.action('toString')).toBeUndefined();
    });

    test('enqueueActions', () => {
      const it = walk({
        on: {
          GO: {
            actions: enqueueActions(({ enqueue, check }) => {
              const add = enqueue as unknown as ((action: unknown) => void) & {
                assign(a: object): void;
                raise(e: object): void;
                spawnChild(s: string, o: object): void;
              };
              add.assign({ n: 5 });
              if ((check as unknown as (guard: string) => boolean)('even')) add('note');
              add.spawnChild('step', { id: 'k' });
              add.raise({ type: 'MORE' });
            }),
          },
          MORE: { actions: { type: 'note', params: 'raised' } },
        },
      }).send('GO');
      expect(it.effects).toEqual([
        { type: 'action', name: 'note', params: undefined, context: { n: 5 }, event: { type: 'GO' } },
        { type: 'invoke', id: 'k', src: 'step', input: undefined },
        { type: 'action', name: 'note', params: 'raised', context: { n: 5 }, event: { type: 'MORE' } },
      ]);
    });

    test('log() says something of every value', () => {
      const loop: Record<string, unknown> = { n: 1 };
      loop['loop'] = loop;
      const odd = {
        date: new Date(0),
        bad: new Date(Number.NaN),
        map: new Map([[1, 'x']]),
        set: new Set([1, undefined]),
        error: new RangeError('far'),
        big: 1n,
        fn: function named() {},
        nan: Number.NaN,
        bytes: new Uint8Array(3),
        list: [undefined, null, true],
        none: undefined,
        text: 'a\0\uD800',
        odd: {
          toJSON: () => {
            throw new RangeError('no');
          },
        },
      };
      const it = walk({
        on: { ODD: { actions: log(() => odd) }, LOOP: { actions: log(() => loop) }, ALL: { actions: log() } },
      });
      expect(it.send('ODD').of('log')[0]?.value).toEqual({
        date: '1970-01-01T00:00:00.000Z',
        bad: null,
        map: { 1: 'x' },
        set: [1, null],
        error: { name: 'RangeError', message: 'far' },
        big: '1',
        fn: '[function named]',
        nan: 'NaN',
        bytes: '[3 bytes]',
        list: [null, null, true],
        text: 'a\uFFFD',
        odd: 'RangeError: no',
      });
      expect(JSON.stringify(it.send('LOOP').of('log')[0]?.value)).toContain('…');
      expect(it.send('ALL').of('log')[0]?.value).toEqual({ context: { n: 0 }, event: { type: 'ALL' } });
    });
  });
});
