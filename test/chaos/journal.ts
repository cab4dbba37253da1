/** What a client was told. `code`: it was refused, for that reason. */
export type Answer =
  | { what: 'start'; id: string; workflow: string; input: unknown; code?: string }
  | { what: 'fork'; id: string; key: string; code?: string }
  | { what: 'send'; id: string; key: string; type: string; code?: string }
  | { what: 'operate'; id: string; key: string; operation: string; status?: string; code?: string }
  | { what: 'stand'; id: string; sequence: number; state: string }
  | { what: 'result'; id: string; output: unknown };

/** All that clients were told, to be held against what is stored at the end. */
export class Journal {
  readonly answers: Answer[] = [];
  /** Answers that contradict each other, or what the engine promises. */
  readonly wrong: string[] = [];
  /** Calls that were answered by "the database does not answer", and made again. */
  unavailable = 0;
  /** The longest that one call took, in milliseconds. */
  slowest = 0;
  private readonly sequences = new Map<string, number>();

  add(answer: Answer): void {
    this.answers.push(answer);
  }

  /** Where an instance was said to stand. Nobody may be told of an earlier place later. */
  stand(id: string, sequence: number, state: string): void {
    const before = this.sequences.get(id) ?? 0;
    if (sequence < before) this.wrong.push(`${id} was said to be at ${before}, and then at ${sequence}`);
    this.sequences.set(id, Math.max(before, sequence));
    this.add({ what: 'stand', id, sequence, state });
  }
}
