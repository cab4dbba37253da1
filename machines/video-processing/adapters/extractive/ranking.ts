/** A row of the sentence-term matrix, by term. */
export type Vector = Map<string, number>;

/** tf-idf vectors of length 1; a bag without terms gives an empty one. */
export function vectors(bags: string[][]): Vector[] {
  const documents = new Map<string, number>();
  for (const bag of bags) for (const term of new Set(bag)) documents.set(term, (documents.get(term) ?? 0) + 1);
  return bags.map((bag) => {
    const vector: Vector = new Map();
    for (const term of bag)
      vector.set(term, (vector.get(term) ?? 0) + Math.log(1 + bags.length / (documents.get(term) ?? 1)));
    const length = Math.hypot(...vector.values());
    for (const [term, weight] of vector) vector.set(term, weight / length);
    return vector;
  });
}

/** Cosine of two vectors of length 1. */
export function similarity(a: Vector, b: Vector): number {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  let sum = 0;
  for (const [term, weight] of small) sum += weight * (large.get(term) ?? 0);
  return sum;
}

const DAMPING = 0.85;
const ROUNDS = 30;

/**
 * LexRank: PageRank over the similarities of sentences; a sentence counts for what it shares with those that count.
 * The similarity matrix is never built (it is the sentence-term matrix times its transpose), so long transcripts stay fast.
 */
export function rank(rows: Vector[]): number[] {
  const count = rows.length;
  const all = sum(rows, () => 1);
  const degrees = rows.map((row) => similarity(row, all));
  let scores = rows.map(() => 1 / count);
  for (let round = 0; round < ROUNDS; round++) {
    const spread = sum(rows, (index) => share(scores[index], degrees[index]));
    scores = rows.map((row) => (1 - DAMPING) / count + DAMPING * similarity(row, spread));
  }
  return scores;
}

function sum(rows: Vector[], weightOf: (index: number) => number): Vector {
  const total: Vector = new Map();
  for (const [index, row] of rows.entries()) {
    const weight = weightOf(index);
    for (const [term, value] of row) total.set(term, (total.get(term) ?? 0) + value * weight);
  }
  return total;
}

function share(score = 0, degree = 0): number {
  return degree === 0 ? 0 : score / degree;
}
