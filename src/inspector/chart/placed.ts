import type { ElkNode, ElkPoint } from 'elkjs/lib/elk-api.js';
import { nodeId } from './elk-graph.ts';
import type { Graph, GraphEdge, GraphNode } from './graph.ts';
import { edgeLabel } from './measure.ts';

/** A graph with places, all from the canvas's corner. */
export interface Placed {
  width: number;
  height: number;
  /** Outer ones before inner ones. */
  nodes: PlacedNode[];
  edges: PlacedEdge[];
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface PlacedNode extends Box {
  node: GraphNode;
}

export interface PlacedEdge {
  edge: GraphEdge;
  points: Point[];
  label: (Box & { text: string }) | null;
}

export interface Point {
  x: number;
  y: number;
}

/** ELK's answer, in which places are relative to boxes, with the graph that was asked for. */
export function placedBy({ nodes, edges }: Graph, answer: ElkNode): Placed {
  const boxes = new Map<string, Box>();
  const drawn = new Map<string, { points: Point[]; label: Box | undefined }>();
  const walk = (node: ElkNode, x: number, y: number): void => {
    boxes.set(node.id, { x, y, width: node.width ?? 0, height: node.height ?? 0 });
    for (const child of node.children ?? []) walk(child, x + (child.x ?? 0), y + (child.y ?? 0));
  };
  walk(answer, 0, 0);
  const collect = (node: ElkNode): void => {
    for (const edge of node.edges ?? []) {
      // ELK counts from the innermost box that has both ends, and names it.
      const { x, y } = boxes.get(edge.container ?? node.id) ?? { x: 0, y: 0 };
      const moved = (point: ElkPoint): Point => ({ x: point.x + x, y: point.y + y });
      const [label] = edge.labels ?? [];
      drawn.set(edge.id, {
        points: (edge.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) =>
          [startPoint, ...bendPoints, endPoint].map(moved),
        ),
        label:
          label?.x === undefined || label.y === undefined
            ? undefined
            : { ...moved({ x: label.x, y: label.y }), width: label.width ?? 0, height: label.height ?? 0 },
      });
    }
    for (const child of node.children ?? []) collect(child);
  };
  collect(answer);
  return {
    width: answer.width ?? 0,
    height: answer.height ?? 0,
    nodes: nodes.flatMap((node) => {
      const box = boxes.get(nodeId(node.id));
      return box === undefined ? [] : [{ node, ...box }];
    }),
    edges: edges.flatMap((edge) => {
      const found = drawn.get(edge.id);
      if (found === undefined || found.points.length < 2) return [];
      const text = edgeLabel(edge);
      return [
        {
          edge,
          points: found.points,
          label: found.label === undefined || text === '' ? null : { ...found.label, text },
        },
      ];
    }),
  };
}

/** The line through the points, its corners rounded. */
export function pathThrough(points: readonly Point[], radius = 6): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  const parts = [`M${round(first.x)} ${round(first.y)}`];
  rest.forEach((point, i) => {
    const next = rest[i + 1];
    const before = i === 0 ? first : (rest[i - 1] as Point);
    if (next === undefined) return parts.push(`L${round(point.x)} ${round(point.y)}`);
    const near = towards(point, before, radius);
    const far = towards(point, next, radius);
    return parts.push(
      `L${round(near.x)} ${round(near.y)}`,
      `Q${round(point.x)} ${round(point.y)} ${round(far.x)} ${round(far.y)}`,
    );
  });
  return parts.join('');
}

function towards(from: Point, to: Point, radius: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const part = length === 0 ? 0 : Math.min(radius, length / 2) / length;
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
