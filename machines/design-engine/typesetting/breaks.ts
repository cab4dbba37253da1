import LineBreaker from 'linebreak';

/** A stretch of text that is not broken, up to a place where a line may end (UAX #14). UTF-16 code units. */
export interface Chunk {
  start: number;
  end: number;
  /** A line ends behind it, whatever its length: the writer broke it there. */
  required: boolean;
}

/** Cuts a text where its lines may end. */
export function chunksOf(text: string): Chunk[] {
  const chunks: Chunk[] = [];
  const breaker = new LineBreaker(text);
  let start = 0;
  for (let found = breaker.nextBreak(); found !== null; found = breaker.nextBreak()) {
    if (found.position > start) {
      chunks.push({ start, end: found.position, required: found.required && found.position < text.length });
    }
    start = found.position;
  }
  return chunks;
}

/** Cuts chunks that are too wide at every character: for what has no place to break at, and would not fit else. */
export function cutWide(
  chunks: readonly Chunk[],
  starts: readonly number[],
  isTooWide: (chunk: Chunk) => boolean,
): Chunk[] {
  return chunks.flatMap((chunk) => {
    if (!isTooWide(chunk)) return [chunk];
    const cuts = [...starts.filter((start) => start > chunk.start && start < chunk.end), chunk.end];
    return cuts.map((end, index) => ({
      start: cuts[index - 1] ?? chunk.start,
      end,
      required: end === chunk.end && chunk.required,
    }));
  });
}

/** A line is not wider than so many of even width, unless a word alone is. */
const MOST = 3;

/** Words that look forlorn at the end of a line: they belong to what follows. */
const WEAK = /(?:^|\s)(?:a|an|the|to|of|in|on|at|and|or|but|is|i|we|you|it|my|your|our|no|not|by|for|if|as|so)$/i;

/**
 * Breaks into `lines` lines of widths as even as can be: least squares over all ways to break (as D. Knuth and M. Plass, Breaking Paragraphs into Lines, 1981),
 * where a line that ends in a mark is liked and one that ends in a small word is not.
 * @param width of the chunks `from` up to and without `to`, as one line
 * @returns for each line the index behind its last chunk; undefined where there is no way
 */
export function evenBreaks(
  text: string,
  chunks: readonly Chunk[],
  lines: number,
  width: (from: number, to: number) => number,
): number[] | undefined {
  const count = chunks.length;
  const target = width(0, count) / lines;
  const cost: number[][] = Array.from({ length: lines + 1 }, () => Array.from({ length: count + 1 }, () => Infinity));
  const back: number[][] = cost.map((row) => row.map(() => 0));
  (cost[0] as number[])[0] = 0;
  // The first chunk that a line ending behind `to` may begin with: the one behind the last break that the writer made.
  const first = [0];
  for (let to = 1; to <= count; to++) first[to] = chunks[to - 2]?.required ? to - 1 : (first[to - 1] ?? 0);
  for (let line = 1; line <= lines; line++) {
    const row = cost[line] as number[];
    const above = cost[line - 1] as number[];
    for (let to = line; to <= count; to++) {
      for (let from = to - 1; from >= Math.max(line - 1, first[to] ?? 0); from--) {
        const share = width(from, to) / target;
        // No good line is that wide: what comes before would only make it wider.
        if (share > MOST && from < to - 1) break;
        if (above[from] === Infinity) continue;
        const total = (above[from] ?? Infinity) + (share - 1) ** 2 * (share > 1 ? 2 : 1) + ending(text, chunks, to);
        if (total < (row[to] ?? Infinity)) {
          row[to] = total;
          (back[line] as number[])[to] = from;
        }
      }
    }
  }
  if (cost[lines]?.[count] === Infinity) return undefined;
  const ends: number[] = [];
  for (let line = lines, to = count; line > 0; line--) {
    ends.unshift(to);
    to = back[line]?.[to] ?? 0;
  }
  return ends;
}

function ending(text: string, chunks: readonly Chunk[], to: number): number {
  const chunk = chunks[to - 1];
  if (chunk === undefined || to === chunks.length) return 0;
  const line = text.slice(Math.max(0, chunk.start - 1), chunk.end).trimEnd();
  if (/[.!?;:—–]["”’»]?$/u.test(line)) return -0.05;
  if (/[,،]["”’»]?$/u.test(line)) return -0.03;
  return WEAK.test(line) ? 0.08 : 0;
}
