import type { GraphEdge, GraphNode } from './graph.ts';
import { invocationName } from './invocation.ts';

/** Sizes by rule instead of by the browser: a layout is the same wherever it is made, and can be kept. */

export const NAME_SIZE = 13;
export const SMALL_SIZE = 11;
/** Height of the part of a box that has its name, and of each line below. */
export const NAME_HEIGHT = 34;
export const LINE_HEIGHT = 18;

/** Room beside an invocation for how it stands: `2/5 · in 13 s`. */
const STANDING = 66;

/** Width of a text in a sans-serif font, generously. */
export function textWidth(text: string, size: number): number {
  let em = 0;
  for (const letter of text) {
    if (/[A-ZÄÖÜ_mwMW@%]/.test(letter)) em += 0.72;
    else if (/[iljtfr.,:;'!|()[\] ]/.test(letter)) em += 0.36;
    else em += 0.57;
  }
  return Math.ceil(em * size);
}

/** A text that fits; the whole of it is shown elsewhere. */
export function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** Lines below a state's name. */
export function linesOf(node: GraphNode): { kind: 'invoke' | 'entry' | 'exit'; text: string }[] {
  return [
    ...node.invoke.map(({ id, src }) => {
      const name = invocationName(id, src);
      return { kind: 'invoke' as const, text: shortened(name === src ? src : `${name}: ${src}`, 34) };
    }),
    ...node.entry.map((text) => ({ kind: 'entry' as const, text: shortened(text, 34) })),
    ...node.exit.map((text) => ({ kind: 'exit' as const, text: shortened(text, 34) })),
  ];
}

export function nodeSize(node: GraphNode): { width: number; height: number } {
  if (node.type === 'history') return { width: 32, height: 32 };
  const lines = linesOf(node);
  const widest = Math.max(
    textWidth(node.name, NAME_SIZE) + 40,
    ...lines.map(({ kind, text }) => textWidth(text, SMALL_SIZE) + (kind === 'invoke' ? STANDING : 0) + 42),
  );
  return {
    width: Math.max(84, widest),
    height: NAME_HEIGHT + lines.length * LINE_HEIGHT + (lines.length === 0 ? 0 : 8),
  };
}

/** What stands on an edge: a sign for its kind where that says enough, else the event; and the guard. */
export function edgeLabel({ kind, name, guard, also }: GraphEdge): string {
  const what = kind === 'done' ? '✓' : kind === 'error' ? '✕' : kind === 'always' && guard !== null ? '' : name;
  const on = guard === null ? '' : guard === 'inline' ? '[…]' : `[${shortened(guard, 24)}]`;
  const more = also.length === 0 ? '' : `+${also.length}`;
  return [what, on, more].filter((part) => part !== '').join(' ');
}
