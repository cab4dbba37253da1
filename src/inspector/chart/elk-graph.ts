import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import type { Graph, GraphNode } from './graph.ts';
import { edgeLabel, LINE_HEIGHT, linesOf, NAME_HEIGHT, nodeSize, SMALL_SIZE, textWidth } from './measure.ts';

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
  'elk.layered.considerModelOrder.strategy': 'PREFER_NODES',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.nodePlacement.favorStraightEdges': 'true',
  'elk.layered.spacing.nodeNodeBetweenLayers': '44',
  'elk.layered.spacing.edgeNodeBetweenLayers': '18',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '18',
  'elk.spacing.edgeEdge': '12',
  'elk.spacing.edgeLabel': '4',
  'elk.edgeLabels.inline': 'true',
  'elk.padding': '[top=16,left=16,bottom=16,right=16]',
};

/** What ELK is asked to lay out. */
export function elkGraphOf({ nodes, edges }: Graph): ElkNode {
  const childrenOf = Map.groupBy(nodes, ({ parent }) => parent);
  const nodeOf = (node: GraphNode): ElkNode => {
    const inner = childrenOf.get(node.id) ?? [];
    if (inner.length === 0) return { id: nodeId(node.id), ...nodeSize(node) };
    const top = NAME_HEIGHT + linesOf(node).length * LINE_HEIGHT + 8;
    return {
      id: nodeId(node.id),
      layoutOptions: {
        'elk.padding': `[top=${top},left=16,bottom=16,right=16]`,
        'elk.nodeSize.constraints': 'MINIMUM_SIZE',
        'elk.nodeSize.minimum': `(${nodeSize(node).width},${top})`,
      },
      children: inner.map(nodeOf),
    };
  };
  return {
    id: 'canvas',
    layoutOptions: OPTIONS,
    children: (childrenOf.get(null) ?? []).map(nodeOf),
    edges: edges.map((edge): ElkExtendedEdge => {
      const label = edgeLabel(edge);
      return {
        id: edge.id,
        sources: [nodeId(edge.from)],
        targets: [nodeId(edge.to)],
        // The way that is hoped for is to be the straight one.
        layoutOptions:
          edge.kind === 'done'
            ? {
                'elk.layered.priority.straightness': '10',
                'elk.layered.priority.shortness': '10',
                'elk.layered.priority.direction': '10',
              }
            : {},
        labels: label === '' ? [] : [{ text: label, width: textWidth(label, SMALL_SIZE) + 10, height: 16 }],
      };
    }),
  };
}

/** ELK wants ids that are not empty. */
export function nodeId(path: string): string {
  return `state:${path}`;
}
