import {
  and,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  forwardTo,
  fromPromise,
  log,
  not,
  or,
  raise,
  sendParent,
  sendTo,
  spawnChild,
  stateIn,
  stopChild,
  type AnyActorRef,
  type AnyStateMachine,
} from 'xstate';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { TransitionError } from '../../src/core/machine.ts';
import { thrownBy } from './thrown-by.ts';
import { Walk, WAYS } from './walk.ts';

const step = fromPromise(async () => 1);
const child = createMachine({ id: 'child' });

interface Context {
  n: number;
  ref?: AnyActorRef | null;
  [key: string]: unknown;
}

/** What every machine here may use; configurations are free of types, to say what types would not let pass. */
const implementations = {
  actors: { step, child },
  actions: { note: () => {}, count: assign(({ context }: { context: Context }) => ({ n: context.n + 1 })) },
  guards: { even: ({ context }: { context: Context }) => context.n % 2 === 0, no: () => false },
  delays: { fixed: 50, byContext: ({ context }: { context: Context }) => context.n * 100 },
};
const machine = (config: object): AnyStateMachine =>
  createMachine({ id: 'm', context: { n: 0 }, ...config } as never, implementations as never);

// XState complains of machines that are wrong on purpose here.
beforeAll(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));

describe.each(WAYS)('a machine whose snapshot is %s', (way) => {
  const walk = (config: object, input?: unknown): Walk => new Walk(machine(config), way, input);

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
          LIST: { actions: assign(({ system }) => ({ ids: Object.keys(system.getAll()) })) },
          CLASH: { actions: spawnChild('child', { id: 'j', systemId: 'sys' }) },
        },
      });
      expect(it.stored.children).toEqual({ i: { src: 'child', systemId: 'sys' } });
      expect(it.send('TELL').effects).toEqual([{ type: 'send', target: { child: 'i' }, event: { type: 'HI' } }]);
      expect(it.send('LIST').context['ids']).toEqual(['sys']);
      expect(() => it.send('CLASH')).toThrow("Actor with system ID 'sys' already exists");
      expect(it.send('AGAIN').effects).toEqual([
        { type: 'stop', id: 'i' },
        { type: 'invoke', id: 'i', src: 'child', input: undefined },
      ]);
      expect(it.send('OUT', 'LIST').context['ids']).toEqual([]);
    });
  });

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

describe('errors', () => {
  const thrower = (): never => {
    throw new Error('boom');
  };

  test.each<[string, object]>([
    ['assign', { on: { GO: { actions: assign(thrower) } } }],
    ['guard', { on: { GO: { guard: thrower, target: '.a' } }, initial: 'a', states: { a: {} } }],
    [
      'guard of always',
      { initial: 'a', states: { a: { on: { GO: 'b' } }, b: { always: { guard: thrower, target: 'a' } } } },
    ],
    ['input', { initial: 'a', states: { a: { on: { GO: 'b' } }, b: { invoke: { src: 'step', input: thrower } } } }],
    ['output', { initial: 'a', output: thrower, states: { a: { on: { GO: 'b' } }, b: { type: 'final' } } }],
    ['delay', { on: { GO: { actions: raise({ type: 'X' }, { delay: thrower }) } } }],
    ['params', { on: { GO: { actions: { type: 'note', params: thrower } } } }],
    ['enqueueActions', { on: { GO: { actions: enqueueActions(thrower) } } }],
  ])('what %s throws', (_, config) => {
    const it = new Walk(machine(config));
    const before = it.stored;
    expect(() => it.send('GO')).toThrow(TransitionError);
    expect(() => it.send('GO')).toThrow(/^The machine threw on event GO: .*boom/s);
    expect(it.stored).toEqual(before);
  });

  test('at the start', () => {
    const error = thrownBy(() => new Walk(machine({ entry: assign(thrower) })));
    expect(error).toMatchObject({
      name: 'TransitionError',
      code: 'TRANSITION_FAILED',
      message: 'The machine threw on the start: boom',
      cause: new Error('boom'),
    });
  });

  test('things that are no errors', () => {
    const it = new Walk(
      machine({
        on: {
          GO: {
            actions: assign(() => {
              throw 'text';
            }),
          },
        },
      }),
    );
    expect(() => it.send('GO')).toThrow('The machine threw on event GO: text');
  });

  test.each<[string, object]>([
    ['always', { initial: 'a', states: { a: { on: { GO: 'b' } }, b: { always: 'c' }, c: { always: 'b' } } }],
    ['raise', { on: { GO: { actions: raise({ type: 'GO' }) } } }],
    [
      'always, in a machine that says nothing of it',
      {
        options: { maxIterations: undefined },
        initial: 'a',
        states: { a: { on: { GO: 'b' } }, b: { always: 'c' }, c: { always: 'b' } },
      },
    ],
    [
      'always, in a machine with a limit of its own',
      {
        options: { maxIterations: 10 },
        initial: 'a',
        states: { a: { on: { GO: 'b' } }, b: { always: 'c' }, c: { always: 'b' } },
      },
    ],
  ])('a loop of %s that never ends', (_, config) => {
    expect(() => new Walk(machine(config)).send('GO')).toThrow(/microsteps in a row on event GO/);
  });

  const spawn = (src: unknown, options?: object): object => ({
    on: {
      GO: {
        actions: assign(({ spawn: start }: never) => ({
          ref: (start as (src: unknown, options?: object) => AnyActorRef)(src, options),
        })),
      },
    },
  });

  test.each<[string, object, string]>([
    [
      'an inline action that is enqueued',
      { on: { GO: { actions: enqueueActions(({ enqueue }) => enqueue(() => {})) } } },
      'the action (anonymous) is not registered by that name',
    ],
    [
      'an action that is nowhere',
      { on: { GO: { actions: 'nope' } } },
      'm: the action nope is not registered by that name, so it could not be found again after a crash. Name it in setup({ actions }) and enqueue it by its name.',
    ],
    [
      'another function under the name of a registered one',
      { on: { GO: { actions: function note() {} } } },
      'the action note is not registered',
    ],
    [
      'an actor that is nowhere',
      { on: { GO: { actions: spawnChild('nope' as never, { id: 'k' }) } } },
      'm spawned k, but no actor is registered under the name that it gave.',
    ],
    [
      'an actor that is nowhere, without an id',
      { on: { GO: { actions: spawnChild('nope' as never) } } },
      'no actor is registered',
    ],
    ['an inline actor', spawn(step, { id: 'k' }), 'm: the actor spawned as k is inline'],
    [
      'an inline actor of spawnChild',
      { on: { GO: { actions: spawnChild(step, { id: 'k' }) } } },
      'the actor spawned as k is inline',
    ],
    ['an actor that is watched', spawn('step', { id: 'k', syncSnapshot: true }), 'm: k is spawned with syncSnapshot'],
    [
      'send() to a child',
      {
        on: {
          GO: {
            actions: assign(({ spawn: start }: never) => {
              (start as (src: string, o: object) => AnyActorRef)('child', { id: 'k' }).send({ type: 'HI' });
              return {};
            }),
          },
        },
      },
      'HI was sent to k by a call of send(), which would be lost in a crash. Use the action sendTo() or raise().',
    ],
    [
      'send() to itself',
      {
        on: {
          GO: {
            actions: assign(({ self }) => {
              self.send({ type: 'HI' });
              return {};
            }),
          },
        },
      },
      'HI was sent to #_internal by a call of send()',
    ],
    [
      'a child that there is not',
      { on: { GO: { actions: sendTo('nobody', { type: 'HI' }) } } },
      "Unable to send event to actor 'nobody'",
    ],
  ])('%s', (_, config, message) => {
    const it = new Walk(machine(config));
    expect(() => it.send('GO')).toThrow(TransitionError);
    expect(() => it.send('GO')).toThrow(message);
  });

  test.each<[string, object, string]>([
    ['context', { on: { GO: { actions: assign({ when: () => new Date(0) }) } } }, 'The context of m: when is a Date'],
    [
      'reserved key in the context',
      { on: { GO: { actions: assign({ fake: { xstate$$type: 1, id: 'x' } }) } } },
      'The context of m: fake is an object with the key xstate$$type',
    ],
    [
      'output',
      { initial: 'a', output: () => new Map(), states: { a: { on: { GO: 'b' } }, b: { type: 'final' } } },
      'The output of m: the value is a Map',
    ],
    [
      'input',
      {
        initial: 'a',
        states: { a: { on: { GO: 'b' } }, b: { invoke: { id: 'i', src: 'step', input: () => ({ f: () => {} }) } } },
      },
      'The input of i: f is a function',
    ],
    [
      'input with an actor',
      {
        initial: 'a',
        states: {
          a: { on: { GO: 'b' } },
          b: { invoke: { id: 'i', src: 'step', input: ({ self }: { self: unknown }) => ({ self }) } },
        },
      },
      'The input of i: self is a Actor, which JSON would lose. An actor lives in memory: answer with sendParent()',
    ],
    ['emitted event', { on: { GO: { actions: emit({ type: 'e', big: 1n }) } } }, 'The event e: big is a bigint'],
    ['sent event', { on: { GO: { actions: sendParent({ type: 'e', big: 1n } as never) } } }, 'The event e: big'],
    [
      'delayed event',
      { on: { GO: { actions: raise({ type: 'e', big: 1n } as never, { delay: 1 }) } } },
      'The event e: big',
    ],
    ['params', { on: { GO: { actions: { type: 'note', params: { big: 1n } } } } }, 'The params of action note: big'],
    [
      'event of an action',
      { on: { GO: { actions: raise({ type: 'e', big: 1n } as never) }, e: { actions: 'note' } } },
      'The event e: big',
    ],
  ])('%s that JSON would lose', (_, config, message) => {
    expect(() => new Walk(machine(config)).send('GO')).toThrow(message);
  });

  test('a context that grows deeper with each event, in the end', () => {
    const it = new Walk(
      machine({
        on: {
          GO: {
            actions: assign(({ context }: never) => ({ inner: { inner: (context as Context)['inner'] ?? null } })),
          },
        },
      }),
    );
    const grow = (): void => {
      for (let i = 0; i < 1_000; i++) it.send('GO');
    };
    expect(grow).toThrow('nested deeper than 500 levels');
    expect(() => JSON.stringify(it.stored)).not.toThrow();
  });
});

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

describe('restore', () => {
  test('of a state that there is not', () => {
    const it = new Walk(machine({ initial: 'a', states: { a: {} } }));
    const error = thrownBy(() => it.machine.restore({ ...it.stored, value: { gone: 'x' } }));
    expect(error).toMatchObject({ code: 'STATE_UNKNOWN', details: { value: { gone: 'x' } } });
    expect(error.message).toContain('Machine m has no state {"gone":"x"}: ');
  });

  test('of regions that there are not, beside those that there are', () => {
    const it = new Walk(machine({ type: 'parallel', states: { a: {}, b: {} } }));
    const value = { gone: {}, b: {}, lost: {}, a: {} };
    expect(thrownBy(() => it.machine.restore({ ...it.stored, value }))).toMatchObject({ code: 'STATE_UNKNOWN' });
  });

  test('of a child whose step has another name now: it can still be stopped', () => {
    const it = new Walk(
      machine({ initial: 'a', states: { a: { invoke: { id: 'i', src: 'step' }, on: { GO: 'b' } }, b: {} } }),
    );
    it.snapshot = it.machine.restore({ ...it.stored, children: { i: { src: 'formerly' } } });
    expect(it.stored.children).toEqual({ i: { src: 'formerly' } });
    expect(it.send('GO').effects).toEqual([{ type: 'stop', id: 'i' }]);
  });

  test('does not touch what it is given', () => {
    const it = new Walk(
      machine({
        on: {
          SPAWN: { actions: assign(({ spawn }: never) => ({ ref: (spawn as (src: string) => AnyActorRef)('child') })) },
        },
      }),
    ).send('SPAWN');
    const stored = JSON.parse(JSON.stringify(it.stored));
    it.machine.restore(stored);
    expect(stored).toEqual(it.stored);
    stored.context.extra = true;
  });

  test('of a machine that has failed or ended', () => {
    const it = new Walk(machine({ invoke: { id: 'i', src: 'step' } }), 'restored').failed('i', { code: 'X' });
    expect(it.stored).toMatchObject({ status: 'error', error: { code: 'X' } });
    expect(it.send('GO').changed).toBe(false);
  });
});
