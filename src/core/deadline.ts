import { matchesEventType } from './event-types.ts';
import type { LiveSnapshot } from './machine.ts';
import type { Node } from './states.ts';

interface Arrow {
  source: Node;
  target: readonly Node[] | undefined;
  eventType: string;
  reenter: boolean;
}

/**
 * Whether a timer ends the wait for events: once it has fired, one of them is no longer taken, and nothing that the machine does by
 * itself (further timers, steps that end, `always`) brings it to a state that takes it. Guards are not asked, since a context may be missing.
 */
export function endsWait(snapshot: LiveSnapshot, timer: string, events: readonly string[]): boolean {
  const active = snapshot._nodes as Node[];
  const arrows = active.flatMap((node) => arrowsOf(node).filter(({ eventType }) => eventType === timer));
  return arrows.some(({ target, source, reenter }) => {
    if (target === undefined) return false;
    const domain = domainOf(source, target, reenter);
    const staying = active.filter((node) => node === domain || !isBelow(node, domain));
    const types = reachable(staying, target).flatMap((node) => node.ownEvents as string[]);
    return events.some((event) => !types.includes(event) && !matchesEventType(event, types));
  });
}

/** The states that it stays in or enters, and those that it comes to from there by itself. */
function reachable(staying: readonly Node[], entered: readonly Node[]): Node[] {
  const standing = new Set<Node>();
  const entering = new Set<Node>();
  const stand = (node: Node): void => {
    if (standing.has(node)) return;
    standing.add(node);
    for (const { eventType, target } of arrowsOf(node))
      if (eventType === '' || eventType.startsWith('xstate.')) target?.forEach(enter);
  };
  const enter = (node: Node): void => {
    if (entering.has(node)) return;
    entering.add(node);
    for (let at: Node | undefined = node; at !== undefined; at = at.parent as Node | undefined) stand(at);
    if (node.type === 'compound') (node.initial.target as Node[]).forEach(enter);
    if (node.type === 'parallel') Object.values(node.states as Record<string, Node>).forEach(enter);
    // Any of its siblings may be the one that it stands for.
    if (node.type === 'history') Object.values((node.parent as Node).states as Record<string, Node>).forEach(enter);
  };
  staying.forEach(stand);
  entered.forEach(enter);
  return [...standing];
}

function arrowsOf(node: Node): Arrow[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])] as unknown as Arrow[];
}

/** The state that a transition stays in: XState's rule. */
function domainOf(source: Node, target: readonly Node[], reenter: boolean): Node {
  if (!reenter && target.every((node) => node === source || isBelow(node, source))) return source;
  let domain = source;
  while (domain.parent !== undefined && (domain === source || !target.every((node) => isBelow(node, domain))))
    domain = domain.parent as Node;
  return domain;
}

function isBelow(node: Node, above: Node): boolean {
  for (let parent = node.parent as Node | undefined; parent !== undefined; parent = parent.parent as Node | undefined)
    if (parent === above) return true;
  return false;
}
