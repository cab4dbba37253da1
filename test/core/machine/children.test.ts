import { assign, sendTo, spawnChild, stopChild, type AnyActorRef } from 'xstate';
import { describe, expect, test } from 'vitest';
import { inEachWay, type Context } from './support.ts';

inEachWay((walk) => {
  describe('children', () => {
    const waiting = {
      initial: 'a',
      states: {
        a: {
          invoke: {
            id: 'i',
            src: 'step',
            input: ({ context }: { context: Context }) => ({ n: context.n }),
            onDone: { target: 'b', actions: assign(({ event }) => ({ out: event['output'] })) },
            onError: { target: 'c', actions: assign(({ event }) => ({ out: event['error'] })) },
          },
        },
        b: {},
        c: {},
      },
    };

    test('a step is invoked, and its result or error taken', () => {
      const it = walk(waiting);
      expect(it.effects).toEqual([{ type: 'invoke', id: 'i', src: 'step', input: { n: 0 } }]);
      expect(it.stored.children).toEqual({ i: { src: 'step' } });
      expect(it.done('i', { ok: 1 }).stored).toMatchObject({ value: 'b', context: { out: { ok: 1 } }, children: {} });
      expect(it.effects).toEqual([{ type: 'stop', id: 'i' }]);
      expect(walk(waiting).failed('i', { code: 'X' }).stored).toMatchObject({
        value: 'c',
        context: { out: { code: 'X' } },
      });
    });

    test('a child machine is invoked like a step', () => {
      expect(walk({ initial: 'a', states: { a: { invoke: { id: 'c', src: 'child' } } } }).effects).toEqual([
        { type: 'invoke', id: 'c', src: 'child', input: undefined },
      ]);
    });

    test('an error that no state handles ends the machine and its children', () => {
      const it = walk({
        invoke: [
          { id: 'i', src: 'step' },
          { id: 'j', src: 'step' },
        ],
      }).failed('i', { code: 'X' });
      expect(it.stored).toMatchObject({ status: 'error', error: { code: 'X' }, children: {} });
      expect(it.effects).toEqual([
        { type: 'stop', id: 'i' },
        { type: 'stop', id: 'j' },
      ]);
    });

    test('what is invoked and left in one macrostep has never been, nor what was sent to it', () => {
      const it = walk({
        initial: 'a',
        states: {
          a: { on: { GO: 'b' } },
          b: {
            entry: [sendTo('i', { type: 'HELLO' }), sendTo('i', { type: 'LATE' }, { delay: 5 })],
            invoke: { id: 'i', src: 'child' },
            exit: sendTo('i', { type: 'BYE' }),
            always: 'c',
          },
          c: {},
        },
      }).send('GO');
      expect(it.value).toBe('c');
      expect(it.effects).toEqual([]);
    });

    test('what a state sends to the child that it invokes comes after the invocation', () => {
      const it = walk({
        initial: 'a',
        states: { a: { entry: sendTo('i', { type: 'HELLO' }), invoke: { id: 'i', src: 'child' } } },
      });
      expect(it.effects).toEqual([
        { type: 'invoke', id: 'i', src: 'child', input: undefined },
        { type: 'send', target: { child: 'i' }, event: { type: 'HELLO' } },
      ]);
    });

    const spawning = {
      on: {
        SPAWN: {
          actions: [
            assign(({ spawn }: never) => ({
              ref: (spawn as (src: string, options: object) => AnyActorRef)('child', {
                id: 'kid',
                input: 1,
                systemId: 'sys',
              }),
            })),
            sendTo(({ context }: { context: Context }) => context.ref as AnyActorRef, { type: 'HELLO' }),
          ],
        },
        TELL: { actions: sendTo(({ context }: { context: Context }) => context.ref as AnyActorRef, { type: 'HI' }) },
        STOP: { actions: stopChild(({ context }: { context: Context }) => context.ref as AnyActorRef) },
        NOTE: { actions: 'note' },
      },
    };

    test('spawn in assign(), at its place; the reference survives', () => {
      const it = walk(spawning).send('SPAWN');
      expect(it.effects).toEqual([
        { type: 'invoke', id: 'kid', src: 'child', input: 1 },
        { type: 'send', target: { child: 'kid' }, event: { type: 'HELLO' } },
      ]);
      expect(it.stored).toMatchObject({
        context: { n: 0, ref: { xstate$$type: 1, id: 'kid' } },
        children: { kid: { src: 'child', systemId: 'sys' } },
      });
      expect(it.send('TELL').effects).toEqual([{ type: 'send', target: { child: 'kid' }, event: { type: 'HI' } }]);
      expect(it.send('NOTE').of('action')[0]?.context).toEqual({ n: 0, ref: { xstate$$type: 1, id: 'kid' } });
      expect(it.send('STOP').effects).toEqual([{ type: 'stop', id: 'kid' }]);
    });

    test('what is sent to a child that has been stopped reaches nobody, not even the machine itself', () => {
      const it = walk(spawning).send('SPAWN', 'STOP', 'TELL');
      expect(it.effects).toEqual([]);
      expect(it.send('STOP').effects).toEqual([]);
      expect(it.context['ref']).toEqual({ xstate$$type: 1, id: 'kid' });
    });

    test('references inside of objects and lists survive as well', () => {
      const it = walk({
        on: {
          SPAWN: {
            actions: assign(({ context, spawn }: never) => ({
              deep: {
                kids: [
                  ...(((context as Context)['deep'] as { kids: unknown[] } | undefined)?.kids ?? []),
                  (spawn as (src: string) => AnyActorRef)('child'),
                ],
              },
            })),
          },
          TELL: {
            actions: sendTo(
              ({ context }: { context: Context }) =>
                (context['deep'] as { kids: AnyActorRef[] }).kids[1] as AnyActorRef,
              { type: 'HI' },
            ),
          },
        },
      }).send('SPAWN', 'SPAWN', 'SPAWN');
      expect(it.context).toEqual({
        n: 0,
        deep: { kids: ['x:0', 'x:1', 'x:2'].map((id) => ({ xstate$$type: 1, id })) },
      });
      expect(it.send('TELL').effects).toEqual([{ type: 'send', target: { child: 'x:1' }, event: { type: 'HI' } }]);
    });

    test('a reference to the machine itself, or to its parent, survives', () => {
      const it = walk({
        entry: assign(({ self }) => ({ me: self, boss: (self as unknown as { _parent: unknown })._parent })),
        on: {
          ME: { actions: sendTo(({ context }: { context: Context }) => context['me'] as AnyActorRef, { type: 'X' }) },
          BOSS: {
            actions: sendTo(({ context }: { context: Context }) => context['boss'] as AnyActorRef, { type: 'X' }),
          },
        },
      });
      expect(it.send('ME').effects).toEqual([{ type: 'send', target: { self: true }, event: { type: 'X' } }]);
      expect(it.send('BOSS').effects).toEqual([{ type: 'send', target: { parent: true }, event: { type: 'X' } }]);
    });

    test('spawnChild and stopChild, also without an id', () => {
      const it = walk({
        on: {
          NAMED: { actions: spawnChild('step', { id: 'k', input: { a: 1 } }) },
          STOP: { actions: [stopChild('k'), stopChild('nobody')] },
          UNNAMED: { actions: [spawnChild('step' as never), spawnChild('child' as never)] },
          BOTH: { actions: [spawnChild('step', { id: 'b' }), stopChild('b')] },
          BY_KEY: {
            actions: [spawnChild('step', { systemId: 'u' }), stopChild(({ system }) => system.get('u'))],
          },
        },
      });
      expect(it.send('NAMED').effects).toEqual([{ type: 'invoke', id: 'k', src: 'step', input: { a: 1 } }]);
      expect(it.send('STOP').effects).toEqual([{ type: 'stop', id: 'k' }]);
      expect(it.send('BOTH').effects).toEqual([]);
      expect(it.send('BY_KEY').effects).toEqual([]);
      expect(it.stored.children).toEqual({});
      expect(it.send('UNNAMED').effects).toEqual([
        { type: 'invoke', id: 'x:0', src: 'step', input: undefined },
        { type: 'invoke', id: 'x:1', src: 'child', input: undefined },
      ]);
      it.send('UNNAMED');
      expect(it.stored.children).toEqual({
        'x:0': { src: 'step' },
        'x:1': { src: 'child' },
        'x:2': { src: 'step' },
        'x:3': { src: 'child' },
      });
    });

    test('those without an id end with the machine', () => {
      const it = walk({
        initial: 'a',
        states: {
          a: {
            on: {
              TWO: { actions: [spawnChild('step' as never), spawnChild('child' as never)] },
              END: 'end',
              NONE: { target: 'end', actions: spawnChild('step' as never) },
            },
          },
          end: { type: 'final' },
        },
      });
      expect(it.send('TWO', 'END').effects).toEqual([
        { type: 'stop', id: 'x:0' },
        { type: 'stop', id: 'x:1' },
      ]);
      expect(it.stored.children).toEqual({});
    });

    test('an id that is given again replaces the child', () => {
      const it = walk({
        on: {
          SPAWN: { actions: spawnChild('step', { id: 'k' }) },
          TWICE: { actions: [spawnChild('step', { id: 'k' }), spawnChild('child', { id: 'k' })] },
        },
      }).send('SPAWN', 'TWICE');
      expect(it.effects).toEqual([
        { type: 'stop', id: 'k' },
        { type: 'invoke', id: 'k', src: 'child', input: undefined },
      ]);
    });

    test('a system id survives, and is free again when its child is left', () => {
      const it = walk({
        initial: 'a',
        states: {
          a: {
            invoke: { id: 'i', src: 'child', systemId: 'sys' },
            on: { AGAIN: { target: 'a', reenter: true }, OUT: 'b' },
          },
          b: {},
        },
        on: {
          TELL: { actions: sendTo(({ system }) => system.get('sys'), { type: 'HI' }) },
          LIST: { actions: assign(({ system }) => ({ found: system.get('sys')?.id ?? null })) },
          CLASH: { actions: spawnChild('child', { id: 'j', systemId: 'sys' }) },
        },
      });
      expect(it.stored.children).toEqual({ i: { src: 'child', systemId: 'sys' } });
      expect(it.send('TELL').effects).toEqual([{ type: 'send', target: { child: 'i' }, event: { type: 'HI' } }]);
      expect(it.send('LIST').context['found']).toBe('i');
      expect(() => it.send('CLASH')).toThrow("Actor with system ID 'sys' already exists");
      expect(it.send('AGAIN').effects).toEqual([
        { type: 'stop', id: 'i' },
        { type: 'invoke', id: 'i', src: 'child', input: undefined },
      ]);
      expect(it.send('OUT', 'LIST').context['found']).toBeNull();
    });
  });
});
