import { similarity, type Vector } from './ranking.ts';

/** Sentences `from` (inclusive) to `to` (exclusive). */
export interface Section {
  from: number;
  to: number;
}

/** Sentences compared on either side of a gap. */
const WINDOW = 4;
const MIN_SENTENCES = 2;
const MAX_SECTIONS = 8;

/** Cuts a text where its vocabulary changes most (after Hearst's TextTiling). */
export function sectionsOf(rows: Vector[]): Section[] {
  const wanted = Math.min(MAX_SECTIONS, Math.max(1, Math.round(rows.length / 4)));
  const gaps = rows
    .map((_, gap) => ({ gap, cohesion: cohesionAt(gap, rows) }))
    .slice(MIN_SENTENCES, Math.max(MIN_SENTENCES, rows.length - MIN_SENTENCES + 1))
    .toSorted((a, b) => a.cohesion - b.cohesion);
  // Sections of a long text are at least half as long as they would be if all were equal.
  const distance = Math.max(MIN_SENTENCES, Math.floor(rows.length / wanted / 2));
  const cuts: number[] = [];
  for (const { gap } of gaps) {
    if (cuts.length === wanted - 1) break;
    if (cuts.every((cut) => Math.abs(cut - gap) >= distance)) cuts.push(gap);
  }
  const edges = [0, ...cuts.toSorted((a, b) => a - b), rows.length];
  return edges.slice(1).map((to, index) => ({ from: edges[index] ?? 0, to }));
}

function cohesionAt(gap: number, rows: Vector[]): number {
  const before = rows.slice(Math.max(0, gap - WINDOW), gap);
  const after = rows.slice(gap, gap + WINDOW);
  let sum = 0;
  for (const a of before) for (const b of after) sum += similarity(a, b);
  return sum / Math.max(1, before.length * after.length);
}
