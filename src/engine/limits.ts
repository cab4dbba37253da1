interface Waiting {
  priority: number;
  start: () => void;
}

/** How many may run at a time, by name: of this worker, of a step, of a queue. An invocation needs a place in each that it names. */
export class Limits {
  private readonly used = new Map<string, number>();
  private readonly waiting = new Map<string, { names: readonly string[]; line: Waiting[] }>();
  private readonly limitOf: (name: string) => number;

  /** @param limitOf the limit of a name; Infinity for none */
  constructor(limitOf: (name: string) => number) {
    this.limitOf = limitOf;
  }

  /** Takes a place at once, if nobody is in line before it. */
  tryTake(names: readonly string[]): boolean {
    const line = this.waiting.get(lineOf(names));
    if ((line !== undefined && line.line.length > 0) || !this.fits(names)) return false;
    this.add(names, 1);
    return true;
  }

  /** Takes a place when there is one; higher priority first, then in order. The function it returns leaves the line. */
  take(names: readonly string[], priority: number, start: () => void): () => void {
    const key = lineOf(names);
    const { line } = this.waiting.get(key) ?? this.open(key, names);
    const entry = { priority, start };
    const at = line.findIndex((other) => other.priority < priority);
    line.splice(at < 0 ? line.length : at, 0, entry);
    this.serve();
    return () => {
      const index = line.indexOf(entry);
      if (index >= 0) line.splice(index, 1);
    };
  }

  /** Gives a place back. */
  release(names: readonly string[]): void {
    this.add(names, -1);
    this.serve();
  }

  /** Places taken under a name. */
  taken(name: string): number {
    return this.used.get(name) ?? 0;
  }

  private serve(): void {
    for (;;) {
      let best: { names: readonly string[]; line: Waiting[] } | undefined;
      for (const candidate of this.waiting.values()) {
        const [first] = candidate.line;
        if (first === undefined || !this.fits(candidate.names)) continue;
        if (best === undefined || first.priority > (best.line[0]?.priority ?? 0)) best = candidate;
      }
      const next = best?.line.shift();
      if (best === undefined || next === undefined) return;
      this.add(best.names, 1);
      next.start();
    }
  }

  private open(key: string, names: readonly string[]): { names: readonly string[]; line: Waiting[] } {
    const opened = { names, line: [] };
    this.waiting.set(key, opened);
    return opened;
  }

  private fits(names: readonly string[]): boolean {
    return names.every((name) => this.taken(name) < this.limitOf(name));
  }

  private add(names: readonly string[], count: number): void {
    for (const name of names) this.used.set(name, this.taken(name) + count);
  }
}

function lineOf(names: readonly string[]): string {
  return names.join('\n');
}
