import { setup, spawnChild, type AnyStateMachine } from 'xstate';
import { expect, test } from 'vitest';
import { giverOf, isStarted, joinFamily, mayHaveBelow } from '../../src/core/family.ts';

const plain = (id: string): AnyStateMachine => setup({}).createMachine({ id }) as unknown as AnyStateMachine;

/** Gives system ids in each of the places where a definition can. */
const giver = (actor: AnyStateMachine): AnyStateMachine =>
  setup({
    actors: { actor },
    actions: { named: spawnChild('actor', { systemId: 'named' }), other: () => {} },
  }).createMachine({
    entry: [spawnChild('actor', { systemId: 'entry' }), 'other'],
    // One that is still to be provided gives none.
    exit: ['named', { type: 'other' }, 'missing' as 'other'],
    initial: 'a',
    states: {
      a: {
        invoke: [{ src: 'actor', systemId: 'invoked' }, { src: 'actor' }],
        always: { guard: () => false, actions: spawnChild('actor', { systemId: 'always' }) },
        on: { GO: { actions: spawnChild('actor', { systemId: 'on' }) } },
      },
    },
  }) as unknown as AnyStateMachine;

test('the system ids that a definition gives are found wherever they stand', () => {
  const machine = giver(plain('inner'));
  for (const systemId of ['entry', 'named', 'invoked', 'always', 'on']) {
    expect(giverOf(machine, systemId)).toBe('own');
    expect(mayHaveBelow(machine, systemId)).toBe(true);
  }
  expect(giverOf(machine, 'nobody')).toBe('none');
  expect(mayHaveBelow(machine, 'nobody')).toBe(false);
});

test('machines of which one starts another are of one tree, however they were put together', () => {
  const inner = plain('inner');
  const machine = giver(inner);
  const sibling = plain('sibling');
  const root = setup({ actors: { machine, sibling } }).createMachine({}) as unknown as AnyStateMachine;
  expect(isStarted(machine)).toBe(false);
  joinFamily(machine, inner);
  joinFamily(root, machine);
  joinFamily(root, sibling);
  joinFamily(root, sibling);
  expect([root, machine, sibling, inner].map(isStarted)).toEqual([false, true, true, true]);
  // Of one that others start there may be several.
  for (const one of [root, machine, sibling, inner]) expect(giverOf(one, 'invoked')).toBe('other');
  expect(mayHaveBelow(root, 'invoked')).toBe(true);
  expect(mayHaveBelow(sibling, 'invoked')).toBe(false);
});

test('a machine that starts itself is looked at once', () => {
  const machine = setup({ actors: { self: plain('self') } }).createMachine({}) as unknown as AnyStateMachine;
  (machine.implementations.actors as Record<string, unknown>)['self'] = machine;
  expect(mayHaveBelow(machine, 'nobody')).toBe(false);
});
