import { expect, test } from 'vitest';
import { edgeHeat, failingSteps, failureRate } from '../../../src/inspector/workflow/edge-heat.ts';
import { definition } from '../chart/support.ts';

const chart = definition({
  initial: 'A',
  states: {
    A: { invoke: { id: 'w', src: 'work', onDone: 'B', onError: [{ guard: 'isFinal', target: 'C' }, 'A'] } },
    B: { on: { go: 'C' } },
    C: {},
  },
});
const edges = [
  { from: null, event: 'xstate.init', to: 'A', taken: 10 },
  { from: 'A', event: 'xstate.done.actor.w', to: 'B', taken: 6 },
  { from: 'A', event: 'xstate.error.actor.w', to: 'C', taken: 1 },
  { from: 'A', event: 'xstate.error.actor.w', to: 'A', taken: 3 },
  { from: 'B', event: 'go', to: 'C', taken: 0 },
];

test('of each edge it is told how often it was taken, of those of an error also which part of the results that is', () => {
  const { taken, failing } = edgeHeat(chart, edges);
  const named = (map: ReadonlyMap<string, number>) =>
    Object.fromEntries(
      [...map].map(([id, value]) => {
        const { from, event, to } = chart.transitions[Number(id)] as (typeof chart.transitions)[number];
        return [`${from} ${event} ${to[0]}`, value];
      }),
    );
  expect(named(taken)).toEqual({
    'A xstate.done.actor.w B': 6,
    'A xstate.error.actor.w C': 1,
    'A xstate.error.actor.w A': 3,
  });
  expect(named(failing)).toEqual({ 'A xstate.error.actor.w C': 0.1, 'A xstate.error.actor.w A': 0.3 });
});

test('where there is no result, or the history cannot tell, there is no rate', () => {
  expect(failureRate([], { from: 'A', event: 'xstate.error.actor.w', taken: 0 })).toBeNull();
  expect(failureRate(edges, { from: 'A', event: 'xstate.error.actor.w', taken: null })).toBeNull();
  expect(failureRate(edges, { from: 'B', event: 'go', taken: 5 })).toBeNull();
});

test('steps that failed are told with their part', () => {
  const step = { count: 4, retries: 0, p50Ms: null, p95Ms: null, p99Ms: null, histogram: [] };
  const statistics = {
    steps: [
      { ...step, step: 'work', done: 3, failed: 1 },
      { ...step, step: 'rest', done: 4, failed: 0 },
    ],
    states: [],
    versions: [],
    edges: [],
  };
  expect([...failingSteps(statistics)]).toEqual([['work', 0.25]]);
  expect(failingSteps(undefined).size).toBe(0);
});
