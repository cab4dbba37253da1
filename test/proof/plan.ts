/** What goes wrong with a write: the process dies or only its connection does, before, within or after what is stored. */
export type Mode = `${'crash' | 'cut'} ${'before' | 'within' | 'after'}`;

/** The n-th write of a kind: `commit ROOT` is the one that an instance takes part in, `post GO` an event from outside. */
export interface Point {
  label: string;
  nth: number;
  mode: Mode;
}

/** Counts the writes of a run over all its processes, and says when one goes wrong. */
export class Plan {
  /** Writes so far, by label. */
  readonly counts = new Map<string, number>();
  /** Whether the point was reached. */
  hit = false;
  private readonly point: Point | undefined;
  private readonly commitsPerLife: number;

  /** @param commitsPerLife after so many stored commits each process dies */
  constructor(point?: Point, commitsPerLife = Infinity) {
    this.point = point;
    this.commitsPerLife = commitsPerLife;
  }

  /** Counts a write; the mode, if it is the one that goes wrong. */
  note(labels: readonly string[]): Mode | undefined {
    let mode: Mode | undefined;
    for (const label of labels) {
      const nth = this.counts.get(label) ?? 0;
      this.counts.set(label, nth + 1);
      if (label === this.point?.label && nth === this.point.nth) mode = this.point.mode;
    }
    if (mode !== undefined) this.hit = true;
    return mode;
  }

  /** Whether a process that has stored so many commits dies now. */
  endsLife(commits: number): boolean {
    return commits >= this.commitsPerLife;
  }
}

/** The modes in which a kind of write can go wrong. */
export function modesOf(label: string): Mode[] {
  const [kind] = label.split(' ');
  switch (kind) {
    case 'commit':
    case 'post':
    case 'request':
    case 'publish':
    case 'deliver':
    case 'put':
      return ['crash before', 'crash after', 'cut before', 'cut after'];
    case 'transactional':
      return ['crash before', 'crash within', 'crash after', 'cut before', 'cut within', 'cut after'];
    case 'startWorker':
      return ['crash before', 'crash after'];
    case 'claimed':
      return ['crash after', 'cut after'];
    // Reads, and looks for work that may find none: once with a crash, once with an error.
    default:
      return ['crash before', 'cut before'];
  }
}
