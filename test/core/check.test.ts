import {
  and,
  assign,
  createMachine,
  fromObservable,
  fromPromise,
  not,
  raise,
  sendTo,
  setup,
  spawnChild,
  stateIn,
  type AnyStateMachine,
} from 'xstate';
import { expect, test } from 'vitest';
import { DefinitionError } from '../../src/core/error.ts';
import { NotJsonError } from '../../src/core/json.ts';
import { defineWorkflow } from '../../src/core/workflow.ts';
import { thrownBy } from './thrown-by.ts';

const step = fromPromise(async () => 1);

/** Machines as a user without types writes them: what the types would refuse too has to be refused here. */
const machine = (config: object, implementations: object = {}): AnyStateMachine =>
  createMachine({ id: 'm', ...config } as never, implementations as never);

const refusal = (config: object, implementations?: object): DefinitionError => {
  const error = thrownBy(() => defineWorkflow({ machine: machine(config, implementations) }));
  expect(error).toBeInstanceOf(DefinitionError);
  return error as DefinitionError;
};

const inState = (state: object): object => ({
  initial: 'a',
  states: { a: { initial: 'b', states: { b: state } }, z: {} },
});

test.each<[string, object, object, string, string]>([
  [
    'an inline action on entry',
    { entry: () => {} },
    {},
    'INLINE_ACTION',
    'state a.b, entry: the inline action cannot be found again after a crash. Name it in setup({ actions }) and use the name.',
  ],
  [
    'an inline action without a name',
    { exit: [() => {}] },
    {},
    'INLINE_ACTION',
    'state a.b, exit: the inline action cannot be found',
  ],
  [
    'an inline action of a transition',
    { on: { GO: { actions: function notify() {} } } },
    {},
    'INLINE_ACTION',
    'state a.b, on GO, actions: the inline action notify cannot',
  ],
  [
    'an inline action of always',
    { always: { guard: () => false, actions: () => {} } },
    {},
    'INLINE_ACTION',
    'state a.b, always, actions: the inline action cannot',
  ],
  [
    'an inline action of after',
    { after: { 10: { actions: () => {} } } },
    {},
    'INLINE_ACTION',
    'state a.b, after 10, actions: the inline action cannot',
  ],
  [
    'an inline action on the way to an initial state',
    { initial: { target: 'c', actions: () => {} }, states: { c: {} } },
    {},
    'INLINE_ACTION',
    'state a.b, initial, actions: the inline action cannot',
  ],
  [
    'one of several inline actions',
    { on: { GO: [{ target: '#m.z' }, { actions: ['note', () => {}] }] } },
    { actions: { note: () => {} } },
    'INLINE_ACTION',
    'state a.b, on GO[1], actions[1]: the inline action cannot',
  ],
  [
    'an inline action of a result',
    { invoke: { id: 'i', src: 'step', onDone: { actions: () => {} } } },
    { actors: { step } },
    'INLINE_ACTION',
    'state a.b, invoke i, onDone, actions: the inline',
  ],
  [
    'an inline action of an error',
    { invoke: { id: 'i.j', src: 'step', onError: { actions: () => {} } } },
    { actors: { step } },
    'INLINE_ACTION',
    'state a.b, invoke i.j, onError, actions: the inline',
  ],
  [
    'an inline action of the end of a state',
    { onDone: { actions: () => {} }, initial: 'c', states: { c: { type: 'final' } } },
    {},
    'INLINE_ACTION',
    'state a.b, onDone, actions: the inline',
  ],
  [
    'another function under the name of a registered one',
    { entry: function note() {} },
    { actions: { note: () => {} } },
    'INLINE_ACTION',
    'inline action note',
  ],
  [
    'an action that is nowhere',
    { entry: 'nope' },
    {},
    'MISSING_ACTION',
    'state a.b, entry: the action nope has no implementation. Add it to setup({ actions }) or by provide().',
  ],
  [
    'an action that is nowhere, as an object',
    { entry: { type: 'nope' } },
    { actions: { nope: undefined } },
    'MISSING_ACTION',
    'action nope',
  ],
  ['an action with a name that all objects know', { entry: 'toString' }, {}, 'MISSING_ACTION', 'action toString'],
  [
    'an inline actor',
    { invoke: { id: 'i', src: step } },
    {},
    'INLINE_ACTOR',
    'state a.b, invoke i: the actor is inline and cannot be found again after a crash. Register it in setup({ actors }) and use its name.',
  ],
  [
    'an actor that is nowhere',
    { invoke: { id: 'i', src: 'nope' } },
    {},
    'MISSING_ACTOR',
    'state a.b, invoke i: the actor nope is not registered. Add it to setup({ actors }) or by provide().',
  ],
  [
    'an actor that is still undefined',
    { invoke: { id: 'i', src: 'later' } },
    { actors: { later: undefined } },
    'MISSING_ACTOR',
    'actor later',
  ],
  [
    'a spawned inline actor',
    { entry: spawnChild(step, { id: 's' }) },
    {},
    'INLINE_ACTOR',
    'state a.b, entry, spawnChild s: the actor is inline',
  ],
  [
    'a spawned actor that is nowhere',
    { entry: spawnChild('nope' as never) },
    {},
    'MISSING_ACTOR',
    'state a.b, entry, spawnChild: the actor nope',
  ],
  [
    'a spawned actor that is watched',
    { entry: spawnChild('step' as never, { syncSnapshot: true }) },
    { actors: { step } },
    'UNSUPPORTED_ON_SNAPSHOT',
    'state a.b, entry, spawnChild: syncSnapshot watches an actor in memory. Let the child sendParent() an event.',
  ],
  [
    'onSnapshot',
    { invoke: { id: 'i', src: 'step', onSnapshot: {} } },
    { actors: { step } },
    'UNSUPPORTED_ON_SNAPSHOT',
    'state a.b, invoke i: onSnapshot watches an actor in memory. Let the child sendParent() an event.',
  ],
  [
    'a delay that is nowhere',
    { after: { soon: '#m.z' } },
    {},
    'MISSING_DELAY',
    'state a.b, after soon: the delay soon has no value. Add it to setup({ delays }).',
  ],
  [
    'a delay of raise that is nowhere',
    { entry: raise({ type: 'X' }, { delay: 'soon' } as never) },
    {},
    'MISSING_DELAY',
    'state a.b, entry: the delay soon',
  ],
  [
    'a delay of a named action that is nowhere',
    { entry: 'poke' },
    { actions: { poke: sendTo('x', { type: 'X' }, { delay: 'soon' } as never) } },
    'MISSING_DELAY',
    'state a.b, entry, action poke: the delay soon',
  ],
  [
    'a guard that is nowhere',
    { on: { GO: { guard: 'nope' } } },
    {},
    'MISSING_GUARD',
    'state a.b, on GO: the guard nope has no implementation. Add it to setup({ guards }).',
  ],
  [
    'a guard inside others',
    { on: { GO: { guard: and([stateIn('#m'), not({ type: 'nope' } as never)] as never) } } },
    {},
    'MISSING_GUARD',
    'guard nope',
  ],
  [
    'a guard inside a named one',
    { on: { GO: { guard: 'both' } } },
    { guards: { both: and([() => true, 'nope'] as never) } },
    'MISSING_GUARD',
    'guard nope',
  ],
])('refuses %s', (_, state, implementations, code, message) => {
  const error = refusal(inState(state), implementations);
  expect(error.code).toBe(code);
  expect(error.message).toContain(message);
  expect(error.message).toMatch(/^Workflow m, /);
  expect(error.details).toMatchObject({ state: 'm.a.b' });
});

test('a guard of a route', () => {
  const error = refusal({ initial: 'a', states: { a: { id: 'there', route: { guard: 'nope' } } } });
  expect(error.message).toContain('Workflow m, the root, route: the guard nope');
});

test('tells all that is wrong with a machine, and with those in it, at once', () => {
  const child = createMachine({ id: 'child', entry: [() => {}, () => {}] } as never);
  const error = refusal(
    {
      context: { when: new Date(0) },
      initial: 'a',
      states: {
        a: {
          entry: 'nope',
          after: { soon: 'b' },
          invoke: { id: 'i', src: 'watch', onSnapshot: { actions: () => {} } },
        },
        b: { invoke: { id: 'j', src: 'step', input: { big: 1n } }, on: { GO: { guard: 'no', target: 'a' } } },
      },
    },
    { actors: { child, step, watch: fromObservable(() => ({}) as never) } },
  );
  expect(error.code).toBe('INVALID_MACHINE');
  const { refusals } = error.details as { refusals: { code: string; message: string }[] };
  expect(refusals.map(({ code }) => code).toSorted()).toEqual([
    'INLINE_ACTION',
    'INLINE_ACTION',
    'INLINE_ACTION',
    'MISSING_ACTION',
    'MISSING_DELAY',
    'MISSING_GUARD',
    'NOT_JSON',
    'NOT_JSON',
    'UNSUPPORTED_ACTOR',
    'UNSUPPORTED_ON_SNAPSHOT',
  ]);
  expect(error.message.split('\n')).toHaveLength(11);
  expect(error.message).toContain('Workflow m cannot be made durable as it is, for 10 reasons:');
  for (const line of [
    '- Workflow child, the root, entry[1]: the inline action cannot be found again',
    '- state a, after soon: the delay soon has no value',
    '- state a, invoke i, onSnapshot, actions: the inline action cannot',
    '- state b, on GO: the guard no has no implementation',
  ])
    expect(error.message).toContain(line);
});

test('what code of the machine throws meanwhile is no refusal', () => {
  const context = {
    get mine(): never {
      throw new RangeError('mine');
    },
  };
  expect(() => defineWorkflow({ machine: machine({ context }) })).toThrow(RangeError);
});

test('several things of one kind have its code', () => {
  expect(refusal({ entry: ['one', 'two'] })).toMatchObject({ code: 'MISSING_ACTION' });
});

test('names the root as a place', () => {
  expect(refusal({ entry: () => {} }).message).toContain('Workflow m, the root, entry: ');
});

test('refuses a context or an input that JSON would lose', () => {
  expect(() => defineWorkflow({ machine: machine({ context: { when: new Date(0) } }) })).toThrow(NotJsonError);
  expect(() => defineWorkflow({ machine: machine({ context: { when: new Date(0) } }) })).toThrow(
    'Workflow m: the initial context: when is a Date',
  );
  const invoke = { id: 'i', src: 'step', input: { tags: new Set() } };
  expect(() => defineWorkflow({ machine: machine(inState({ invoke }), { actors: { step } }) })).toThrow(
    'Workflow m, state a.b, invoke i: the input: tags is a Set',
  );
});

const invoking = (id: string): object => ({ invoke: { id, src: 'step' } });

test.each<[string, object]>([
  [
    'the same state',
    {
      initial: 'a',
      states: {
        a: {
          invoke: [
            { id: 'i', src: 'step' },
            { id: 'i', src: 'step' },
          ],
        },
      },
    },
  ],
  [
    'a state and one inside it',
    { initial: 'a', states: { a: { ...invoking('i'), initial: 'b', states: { b: invoking('i') } } } },
  ],
  ['the root and a state', { ...invoking('i'), initial: 'a', states: { a: invoking('i') } }],
  [
    'parallel regions',
    { type: 'parallel', states: { a: invoking('i'), b: { initial: 'c', states: { c: invoking('i') } } } },
  ],
])('refuses one id for two invokes that are active together: %s', (_, config) => {
  const error = refusal(config, { actors: { step } });
  expect(error.code).toBe('DUPLICATE_INVOKE_ID');
  expect(error.message).toContain('both invoke i. Give each invoke an id of its own.');
});

test('refuses an id that an item of a fan-out would have, if another one is that', () => {
  const both = (id: string): object => ({ initial: 'a', states: { a: invoking('i'), b: invoking(id) } });
  const error = refusal(both('i#3'), { actors: { step } });
  expect(error).toMatchObject({ code: 'DUPLICATE_INVOKE_ID', details: { id: 'i#3' } });
  expect(error.message).toContain('the invoke id i#3 is that of an item, if i is a fan-out. Give it another one.');
  for (const id of ['j#3', 'i#x'])
    expect(defineWorkflow({ machine: machine(both(id), { actors: { step } }) }).name).toBe('m');
});

test('lets an id be used again where the states exclude each other', () => {
  const config = { initial: 'a', states: { a: { initial: 'b', states: { b: invoking('i') } }, c: invoking('i') } };
  expect(defineWorkflow({ machine: machine(config, { actors: { step } }) }).name).toBe('m');
});

test('lets everything pass that can be found again', () => {
  function notify(): void {}
  const durable = setup({
    types: {},
    actors: { step },
    actions: { notify, count: assign({ n: ({ context }) => context.n + 1 }) },
    guards: { small: ({ context }) => context.n < 3, both: and(['small', () => true]) },
    delays: { soon: 10 },
  }).createMachine({
    id: 'fine',
    context: { n: 0 },
    entry: [
      notify,
      { type: 'notify' },
      'count',
      raise({ type: 'GO' }, { delay: 'soon' }),
      spawnChild('step', { id: 's' }),
    ],
    invoke: [
      { src: 'step', input: { a: 1 } },
      { src: 'step', input: ({ context }) => context.n },
    ],
    initial: 'a',
    states: {
      a: { after: { soon: 'b', 20: 'b' }, always: { guard: not('both'), target: 'b' } },
      b: { on: { GO: { guard: ({ context }) => context.n > 1, target: 'a' } } },
    },
  });
  expect(defineWorkflow({ machine: durable }).steps.size).toBe(1);
});
