import { expect, test } from 'vitest';
import { countTaken, type Row } from '../../../src/inspector/chart/taken.ts';
import { definition } from './support.ts';

const chart = definition({
  initial: 'A',
  on: { '*': '.LOST' },
  states: {
    A: {
      invoke: { id: 'w', src: 'work', onDone: 'B', onError: [{ guard: 'isFinal', target: 'C' }, 'A'] },
      on: { 'move.*': 'B' },
    },
    B: { always: { guard: 'isReady', target: 'C' } },
    C: {},
    LOST: {},
  },
});

/** Counts by `from event to`. */
function counts(...rows: [from: string | null, event: string, to: string][]): Record<string, number> {
  const history = rows.map(([from, event, to]): Row => ({ from, event, to }));
  return Object.fromEntries(
    [...countTaken(chart, history)].map(([id, count]) => {
      const { from, event, to } = chart.transitions[Number(id)] as (typeof chart.transitions)[number];
      return [`${from || '-'} ${event || '-'} ${to[0]}`, count];
    }),
  );
}

test('counts each edge that a history went along', () => {
  expect(
    counts(
      [null, 'xstate.init', 'A'],
      ['A', 'xstate.error.actor.w', 'A'],
      ['A', 'xstate.error.actor.w', 'A'],
      ['A', 'xstate.done.actor.w', 'B'],
    ),
  ).toEqual({ 'A xstate.error.actor.w A': 2, 'A xstate.done.actor.w B': 1 });
});

test('a transition that went on by itself counts on all of its way', () => {
  expect(counts(['A', 'xstate.done.actor.w', 'C'])).toEqual({ 'A xstate.done.actor.w B': 1, 'B - C': 1 });
});

test("descriptors stand for the events that they fit, and never for the machine's own", () => {
  expect(counts(['A', 'move.left', 'B'], ['A', 'move', 'B'])).toEqual({ 'A move.* B': 2 });
  expect(counts(['C', 'anything', 'LOST'], ['C', 'xstate.done.actor.x', 'LOST'])).toEqual({ '- * LOST': 1 });
});

test('what people did by hand is no edge of the chart', () => {
  expect(counts(['C', 'durachart.rewind', 'A'])).toEqual({});
});
