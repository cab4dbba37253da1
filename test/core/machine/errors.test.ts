import { assign, emit, enqueueActions, raise, sendParent, sendTo, spawnChild, type AnyActorRef } from 'xstate';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { TransitionError } from '../../../src/core/machine.ts';
import { thrownBy } from '../thrown-by.ts';
import { Walk } from '../walk.ts';
import { machine, step, type Context } from './support.ts';

// XState complains of machines that are wrong on purpose here.
beforeAll(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));

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
      'HI was sent to child k by a call of send(), which would be lost in a crash. Use the action sendTo() or raise().',
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
      'HI was sent to self by a call of send()',
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
      'key of an error in the context',
      { on: { GO: { actions: assign({ fake: { durachart$error: 'Error' } }) } } },
      'The context of m: fake is an object with the key durachart$error',
    ],
    [
      'output with an error and more',
      {
        initial: 'a',
        output: () => ({ error: new Error('x'), when: new Date(0) }),
        states: { a: { on: { GO: 'b' } }, b: { type: 'final' } },
      },
      'The output of m: when is a Date',
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
