import { describe, expect, test } from 'vitest';
import { videoProcessing } from '../../../machines/video-processing/index.ts';
import { graphOf, kindOf } from '../../../src/inspector/chart/graph.ts';
import { definition } from './support.ts';

describe('the video pipeline', () => {
  const { states, transitions } = videoProcessing.machine.definition;
  const graph = graphOf({ id: 'video-processing', states, transitions });

  test('every transition is exactly one edge, with its ends, guard and actions', () => {
    expect(graph.edges).toHaveLength(transitions.length);
    expect(new Set(graph.edges.map(({ id }) => id)).size).toBe(transitions.length);
    graph.edges.forEach((edge, i) => {
      const { from, to, guard, actions } = transitions[i] as (typeof transitions)[number];
      expect(edge).toMatchObject({ from, to: to[0], guard, actions });
    });
    const kinds = Object.fromEntries(
      [...Map.groupBy(graph.edges, ({ kind }) => kind)].map(([kind, all]) => [kind, all.length]),
    );
    expect(kinds).toEqual({ done: 16, error: 16, always: 8, event: 17 });
  });

  test('every state is one node in the box of its parent', () => {
    expect(graph.nodes.map(({ id }) => id)).toEqual(states.slice(1).map(({ path }) => path));
    const node = (id: string) => graph.nodes.find((each) => each.id === id);
    expect(node('RECEIVED')).toMatchObject({ parent: null, isInitial: true, invoke: [{ id: 'validate' }] });
    expect(node('INSIGHTS')).toMatchObject({ type: 'parallel', hasChildren: true, isInitial: false });
    expect(node('INSIGHTS.blog')).toMatchObject({ parent: 'INSIGHTS', name: 'blog', isRegion: true });
    expect(node('INSIGHTS.blog.drafted')).toMatchObject({ parent: 'INSIGHTS.blog', type: 'final', isRegion: false });
    expect(node('ANALYTICS_LOGGED')).toMatchObject({ type: 'final', parent: null });
  });
});

test('the machine itself is a box only where it has something to show', () => {
  const states = { A: {}, B: {} };
  expect(graphOf(definition({ initial: 'A', states })).nodes.map(({ id }) => id)).toEqual(['A', 'B']);
  const withRoot = graphOf(definition({ initial: 'A', states, on: { STOP: '.B' } }));
  expect(withRoot.nodes.map(({ id, parent, name }) => [id, parent, name])).toEqual([
    ['', null, 'm'],
    ['A', '', 'A'],
    ['B', '', 'B'],
  ]);
  expect(graphOf(definition({ type: 'parallel', states })).nodes[0]).toMatchObject({ id: '', type: 'parallel' });
});

test('history states, transitions that stay, and those into several regions', () => {
  const { nodes, edges } = graphOf(
    definition({
      initial: 'A',
      states: {
        A: { on: { NOTE: { actions: 'note' }, BACK: 'P.left.back', BOTH: { target: ['P.left.x', 'P.right.y'] } } },
        P: {
          type: 'parallel',
          states: {
            left: { initial: 'x', states: { x: {}, back: { type: 'history', history: 'deep' } } },
            right: { initial: 'y', states: { y: {} } },
          },
        },
      },
    }),
  );
  expect(nodes.find(({ id }) => id === 'P.left.back')).toMatchObject({ type: 'history', history: 'deep' });
  expect(edges.map(({ name, to, also, isInternal }) => [name, to, also, isInternal])).toEqual([
    ['NOTE', 'A', [], true],
    ['BACK', 'P.left.back', [], false],
    ['BOTH', 'P.left.x', ['P.right.y'], false],
  ]);
});

test.each([
  ['GO', null, 'event', 'GO'],
  ['', null, 'always', 'always'],
  ['xstate.done.actor.pay', null, 'done', 'pay done'],
  ['xstate.done.state.m.P', null, 'done', 'all done'],
  ['xstate.error.actor.pay', null, 'error', 'pay failed'],
  ['xstate.snapshot.child', null, 'event', 'child changed'],
  ['xstate.after.1500.m.A', 1_500, 'timer', 'after 1.5 s'],
  ['xstate.after.90000.m.A', 90_000, 'timer', 'after 1.5 min'],
  ['xstate.after.604800000.m.A', 604_800_000, 'timer', 'after 7 d'],
  ['xstate.after.50.m.A', 50, 'timer', 'after 50 ms'],
  ['xstate.after.deadline.m.A', 'deadline', 'timer', 'after deadline'],
  // Of a history, which has no definitions beside it.
  ['xstate.after.1500.m.A', null, 'timer', 'after 1.5 s'],
  ['xstate.after.deadline.m.A', null, 'timer', 'after deadline'],
  ['xstate.done.actor.0.m.A', null, 'done', 'it done'],
] as const)('%s is of its kind', (event, delay, kind, name) => {
  expect(kindOf({ event, delay })).toEqual({ kind, name });
});
