import { createMachine, fromPromise } from 'xstate';
import { expect, test } from 'vitest';
import { chartOf, type Chart } from '../../src/core/chart.ts';

const chart = (config: object): Chart =>
  chartOf(createMachine({ id: 'm', ...config } as never, { actors: { work: fromPromise(async () => 1) } } as never));

/** Edges as `from event to`, with what took them as `from event to`; `-` for null. */
const edgesOf = (config: object): Record<string, string[]> =>
  Object.fromEntries(
    chart(config).edges.map(({ from, event, to, taken }) => [
      `${from ?? '-'} ${event} ${to}`,
      taken.map((each) => `${each.from ?? '-'} ${each.event} ${each.to ?? '-'}`),
    ]),
  );

const statesOf = (config: object): Record<string, string[]> =>
  Object.fromEntries(chart(config).states.map(({ state, accepts }) => [state ?? '-', accepts]));

test('events, results, errors, delays and the start are edges', () => {
  const config = {
    initial: 'A',
    states: {
      A: { invoke: { id: 'w', src: 'work', onDone: 'B', onError: [{ guard: 'g', target: 'C' }, 'A'] } },
      B: { on: { GO: 'C', STAY: {} }, after: { 1000: 'C' } },
      C: { type: 'final' },
    },
  };
  expect(edgesOf(config)).toEqual({
    '- xstate.init A': ['- xstate.init -'],
    'A xstate.done.actor.w B': ['A xstate.done.actor.w -'],
    'A xstate.error.actor.w C': ['A xstate.error.actor.w C'],
    'A xstate.error.actor.w A': ['A xstate.error.actor.w A'],
    'B GO C': ['B GO -'],
    'B STAY B': ['B STAY -'],
    'B xstate.after.1000.m.B C': ['B xstate.after.1000.m.B -'],
  });
  expect(statesOf(config)).toEqual({ A: [], B: ['GO', 'STAY'], C: [] });
});

test('transitions without an event count in the macrosteps that end behind them; the shorter way wins', () => {
  const config = {
    initial: 'A',
    states: {
      A: { on: { GO: [{ guard: 'g', target: 'B' }, { target: 'C' }] } },
      B: {
        always: [
          { guard: 'g', target: 'C' },
          { guard: 'h', target: 'D' },
        ],
      },
      C: {},
      D: { always: 'B' },
    },
  };
  expect(edgesOf(config)).toEqual({
    '- xstate.init A': ['- xstate.init -'],
    'A GO B': ['A GO B', 'A GO D'],
    'A GO C': ['A GO C'],
    'B always C': [],
    'B always D': ['A GO D'],
    'D always B': [],
  });
});

test('transitions of outer states and of the machine itself are taken from each state inside', () => {
  const config = {
    initial: 'A',
    on: { '*': '.A' },
    states: {
      A: { initial: 'x', on: { NEXT: 'B' }, states: { x: { on: { NEXT: 'y' } }, y: {} } },
      B: { initial: 'x', onDone: 'C', states: { x: { always: { target: 'y' } }, y: { type: 'final' } } },
      C: {},
    },
  };
  expect(edgesOf(config)).toEqual({
    '- xstate.init A': ['- xstate.init -'],
    '* * A': ['A.x * -', 'A.y * -', 'B.x * -', 'B.y * -', 'C * -'],
    'A NEXT B': ['A.x NEXT B.x', 'A.x NEXT B.y', 'A.x NEXT C', 'A.y NEXT -'],
    'A.x NEXT A.y': ['A.x NEXT A.y'],
    'B xstate.done.state.m.B C': ['A.x NEXT C', 'A.y NEXT C'],
    'B.x always B.y': ['A.x NEXT B.y', 'A.x NEXT C', 'A.y NEXT B.y', 'A.y NEXT C'],
  });
  expect(statesOf(config)).toEqual({
    'A.x': ['*', 'NEXT'],
    'A.y': ['*', 'NEXT'],
    'B.x': ['*'],
    'B.y': ['*'],
    C: ['*'],
  });
});

test('of a state with regions the history has the name only', () => {
  const config = {
    initial: 'P',
    states: {
      P: {
        type: 'parallel',
        onDone: 'Z',
        states: {
          l: { initial: 'a', states: { a: { on: { L: 'b' } }, b: { type: 'final' } } },
          r: { initial: 'a', states: { a: { always: { guard: 'g', target: 'b' } }, b: { type: 'final' } } },
        },
      },
      Z: {},
    },
  };
  expect(edgesOf(config)).toEqual({
    '- xstate.init P': ['- xstate.init -'],
    'P xstate.done.state.m.P Z': ['- xstate.init Z', 'P L Z'],
    'P.l.a L P.l.b': ['P L -'],
    'P.r.a always P.r.b': [],
  });
  expect(statesOf(config)).toEqual({ P: ['L'], Z: [] });
});

test('a single region has a name, a machine that is parallel at its root has none', () => {
  const region = { initial: 'a', states: { a: { on: { L: 'b' } }, b: {} } };
  expect(statesOf({ type: 'parallel', states: { l: region } })).toEqual({ 'l.a': ['L'], 'l.b': [] });
  const root = { type: 'parallel', states: { l: region, r: region } };
  expect(statesOf(root)).toEqual({ '-': ['L'] });
  expect(edgesOf(root)).toEqual({
    '- xstate.init *': ['- xstate.init -'],
    'l.a L l.b': ['- L -'],
    'r.a L r.b': ['- L -'],
  });
});

test('a transition that leads nowhere stays', () => {
  const edges = edgesOf({
    initial: 'A',
    states: { A: { on: { GO: [{ guard: 'g' }, 'B'] } }, B: { always: [{ guard: 'g', actions: 'a' }] } },
  });
  expect(edges['A GO A']).toEqual(['A GO A']);
  expect(edges['B always B']).toEqual([]);
});

test('a history state leads to any state of its own', () => {
  const config = {
    initial: 'A',
    states: {
      A: { on: { BACK: [{ guard: 'g', target: 'B.h' }, 'A'] } },
      B: { initial: 'x', states: { x: { always: { guard: 'g', target: '#m.A' } }, y: {}, h: { type: 'history' } } },
    },
  };
  expect(edgesOf(config)['A BACK B.h']).toEqual(['A BACK B.x', 'A BACK B.y']);
});
