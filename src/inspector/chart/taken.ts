import type { Definition, HistoryEntry } from '../../http/types.ts';

/** What is read of a history. */
export type Row = Pick<HistoryEntry, 'event' | 'from' | 'to'>;

/** How often a history went along each edge, by the edge's id; edges that it did not take are missing. */
export function countTaken(definition: Definition, history: readonly Row[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of history) for (const id of edgesTakenBy(definition, row)) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

/** The edges that one transition went along: several, where it went on by itself. */
export function edgesTakenBy(definition: Definition, row: Row): string[] {
  const fitting = definition.transitions.flatMap(({ taken }, i) =>
    taken
      .filter(({ from, to, event }) => fits(from, row.from) && fits(to, row.to) && fitsEvent(event, row.event))
      .map(({ event }) => ({ id: String(i), event })),
  );
  // XState asks the descriptor that says most first; all others then were not asked.
  const [first] = fitting.map(({ event }) => event).toSorted((a, b) => precision(b) - precision(a));
  return [...new Set(fitting.filter(({ event }) => event === first).map(({ id }) => id))];
}

function precision(descriptor: string): number {
  return descriptor.endsWith('*') ? descriptor.length : Infinity;
}

function fits(pattern: string | null, state: string | null): boolean {
  return pattern === null || pattern === state;
}

/** `*` stands for any event from outside, `name.*` for all that begin with `name.`. */
function fitsEvent(pattern: string, event: string): boolean {
  if (pattern === event) return true;
  // Those of the machine itself, and what people did by hand.
  if (event.startsWith('xstate.') || event.startsWith('durachart.')) return false;
  return (
    pattern === '*' ||
    (pattern.endsWith('.*') && (event === pattern.slice(0, -2) || event.startsWith(pattern.slice(0, -1))))
  );
}
