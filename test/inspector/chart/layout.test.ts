import ELK from 'elkjs/lib/elk.bundled.js';
import { expect, test } from 'vitest';
import { videoProcessing } from '../../../machines/video-processing/index.ts';
import { elkGraphOf } from '../../../src/inspector/chart/elk-graph.ts';
import { graphOf } from '../../../src/inspector/chart/graph.ts';
import { pathThrough, placedBy, type Box, type Placed, type Point } from '../../../src/inspector/chart/placed.ts';
import type { Definition } from '../../../src/http/types.ts';
import { definition } from './support.ts';

async function place(of: Definition): Promise<Placed> {
  const graph = graphOf(of);
  // Its types are those of a CommonJS module.
  const elk = new (ELK as unknown as new () => { layout(graph: object): Promise<object> })();
  return placedBy(graph, (await elk.layout(elkGraphOf(graph))) as never);
}

const edgeOf = ({ x, y, width, height }: Box, point: Point): boolean =>
  point.x >= x - 1 &&
  point.x <= x + width + 1 &&
  point.y >= y - 1 &&
  point.y <= y + height + 1 &&
  [point.x - x, x + width - point.x, point.y - y, y + height - point.y].some((gap) => Math.abs(gap) <= 1);

const isIn = (inner: Box, outer: Box): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

test('every state lies in its parent, apart from the others, and every edge goes from its state to its state', async () => {
  const { nodes, edges, width, height } = await place(videoProcessing.machine.definition);
  const boxes = new Map(nodes.map((box) => [box.node.id, box]));
  expect(nodes).toHaveLength(videoProcessing.machine.definition.states.length - 1);
  expect(edges).toHaveLength(videoProcessing.machine.definition.transitions.length);
  for (const box of nodes) {
    const outer = box.node.parent === null ? { x: 0, y: 0, width, height } : boxes.get(box.node.parent);
    expect(isIn(box, outer as Box)).toBe(true);
    const others = nodes.filter(({ node }) => node.parent === box.node.parent && node.id !== box.node.id);
    const overlapping = others.filter(
      ({ x, y, width, height }) =>
        x < box.x + box.width && box.x < x + width && y < box.y + box.height && box.y < y + height,
    );
    expect(overlapping).toEqual([]);
  }
  for (const { edge, points } of edges) {
    const ends = [points[0], points.at(-1)] as Point[];
    expect([edge, edgeOf(boxes.get(edge.from) as Box, ends[0] as Point)]).toEqual([edge, true]);
    expect([edge, edgeOf(boxes.get(edge.to) as Box, ends[1] as Point)]).toEqual([edge, true]);
  }
});

test('loops, edges of the machine itself and into deep states are drawn', async () => {
  const { edges } = await place(
    definition({
      initial: 'A',
      on: { STOP: '.C', NOTE: { actions: 'note' } },
      states: {
        A: { on: { AGAIN: { target: 'A', reenter: true }, STAY: { actions: 'x' }, IN: 'B.deep.x' } },
        B: { initial: 'deep', states: { deep: { initial: 'x', states: { x: { on: { OUT: '#m.C' } } } } } },
        C: { type: 'final' },
      },
    }),
  );
  expect(edges.map(({ edge }) => edge.name).toSorted()).toEqual(['AGAIN', 'IN', 'NOTE', 'OUT', 'STAY', 'STOP']);
});

test('a line through points has its corners rounded', () => {
  expect(pathThrough([])).toBe('');
  expect(
    pathThrough([
      { x: 0, y: 0 },
      { x: 0, y: 20 },
      { x: 30, y: 20 },
    ]),
  ).toBe('M0 0L0 14Q0 20 6 20L30 20');
  expect(
    pathThrough([
      { x: 0, y: 0 },
      { x: 0, y: 4 },
      { x: 30, y: 4 },
    ]),
  ).toBe('M0 0L0 2Q0 4 6 4L30 4');
});
