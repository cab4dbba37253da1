import { and, assign, createMachine, fromPromise, not, stateIn } from 'xstate';
import { expect, test } from 'vitest';
import { defineWorkflow } from '../../src/core/workflow.ts';
import { definitionOf, type Definition } from '../../src/core/definition.ts';

const definition = (config: object): Definition =>
  definitionOf(
    createMachine({ id: 'm', ...config } as never, { actors: { work: fromPromise(async () => 1) } } as never),
  );

/** Transitions as `from event to`, with guard and actions. */
const transitions = (config: object): string[] =>
  definition(config).transitions.map(({ from, event, to, guard, actions }) =>
    [`${from || '-'} ${event || '-'} ${to.join('+') || '-'}`, guard === null ? [] : `[${guard}]`, actions]
      .flat()
      .join(' '),
  );

test('states of every kind, outer ones first', () => {
  const config = {
    initial: 'A',
    states: {
      A: {
        description: 'works',
        tags: ['busy'],
        invoke: { id: 'w', src: 'work' },
        entry: ['note', { type: 'count', params: { by: 2 } }],
        exit: 'leave',
        after: { 1000: 'B' },
      },
      B: {
        type: 'parallel',
        states: {
          left: { initial: 'x', states: { x: {}, back: { type: 'history', history: 'deep' } } },
          right: { initial: 'y', states: { y: {}, again: { type: 'history' } } },
        },
      },
      C: { type: 'final' },
    },
  };
  const { id, states } = definition(config);
  expect(id).toBe('m');
  expect(states.map(({ path, parent, type, history }) => [path, parent, type, history])).toEqual([
    ['', null, 'compound', null],
    ['A', '', 'atomic', null],
    ['B', '', 'parallel', null],
    ['B.left', 'B', 'compound', null],
    ['B.left.x', 'B.left', 'atomic', null],
    ['B.left.back', 'B.left', 'history', 'deep'],
    ['B.right', 'B', 'compound', null],
    ['B.right.y', 'B.right', 'atomic', null],
    ['B.right.again', 'B.right', 'history', 'shallow'],
    ['C', '', 'final', null],
  ]);
  expect(states[0]?.initial).toEqual(['A']);
  expect(states[1]).toMatchObject({
    description: 'works',
    tags: ['busy'],
    invoke: [{ id: 'w', src: 'work' }],
    entry: ['note', 'count(2)'],
    exit: ['leave'],
    initial: [],
  });
});

test('every transition once, those without an event or a target too', () => {
  const config = {
    initial: 'A',
    on: { '*': '.B', NOTE: { actions: 'note' } },
    states: {
      A: {
        invoke: { id: 'w', src: 'work', onDone: 'B', onError: [{ guard: 'isFinal', target: 'C' }, 'A'] },
        after: { 1000: 'B', soon: { target: 'C', reenter: true, description: 'in time' } },
        always: { guard: 'isReady', target: 'B' },
        on: { GO: { target: ['C.p.one', 'C.q.two'] } },
      },
      B: {},
      C: {
        type: 'parallel',
        states: { p: { initial: 'one', states: { one: {} } }, q: { initial: 'two', states: { two: {} } } },
        onDone: 'B',
      },
    },
  };
  expect(transitions(config)).toEqual([
    '- * B',
    '- NOTE - note',
    'A GO C.p.one+C.q.two',
    'A xstate.done.actor.w B',
    'A xstate.error.actor.w C [isFinal]',
    'A xstate.error.actor.w A',
    'A xstate.after.1000.m.A B',
    'A xstate.after.soon.m.A C',
    'A - B [isReady]',
    'C xstate.done.state.m.C B',
  ]);
  expect(definition(config).transitions.slice(6, 8)).toMatchObject([
    { delay: 1000, reenter: false, description: null },
    { delay: 'soon', reenter: true, description: 'in time' },
  ]);
});

test('guards and actions have the names that their author gave them', () => {
  const config = {
    initial: 'A',
    states: {
      A: {
        on: {
          ONE: { guard: { type: 'failedIn', params: { state: 'A', times: 2 } }, actions: [assign({}), () => {}] },
          TWO: { guard: and(['isDone', not({ type: 'isLate', params: 'today' })]) },
          THREE: { guard: stateIn('A') },
          FOUR: { guard: { type: 'isOpen', params: () => ({}) }, actions: { type: 'say', params: { to: null } } },
          FIVE: { guard: { type: 'isEmpty', params: null } },
        },
      },
    },
  };
  expect(transitions(config)).toEqual([
    'A ONE - [failedIn(A, 2)] assign inline',
    'A TWO - [and(isDone, not(isLate(today)))]',
    'A THREE - [inline]',
    'A FOUR - [isOpen] say(null)',
    'A FIVE - [isEmpty(null)]',
  ]);
});

test('a transition says which rows of a history took it', () => {
  const { transitions } = definition({
    initial: 'A',
    on: { STOP: '.C' },
    states: { A: { on: { GO: 'B' } }, B: { always: 'C' }, C: {} },
  });
  expect(transitions.map(({ event, taken }) => [event, taken])).toEqual([
    ['STOP', ['A', 'B', 'C'].map((from) => ({ from, event: 'STOP', to: null }))],
    ['GO', [{ from: 'A', event: 'GO', to: null }]],
    ['', [{ from: 'A', event: 'GO', to: 'C' }]],
  ]);
});

test('a definition is plain data', () => {
  const machine = createMachine({ id: 'm', initial: 'A', states: { A: { on: { GO: { guard: () => true } } } } });
  const { definition } = defineWorkflow({ machine: machine as never }).machine;
  expect(JSON.parse(JSON.stringify(definition))).toEqual(definition);
});
