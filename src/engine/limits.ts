interface Waiting {
  priority: number;
  start: () => void;
}

/** Those that wait for the same places. */
interface Line {
  names: readonly string[];
  waiting: Waiting[];
}

/**
 * How many may run at a time, by name: of this worker, of a step, of a key of a step, of a queue. An invocation needs a
 * place in each that it names. Keys come and go, so a name or line that nobody is in takes no memory.
 */
export class Limits {
  private readonly used = new Map<string, number>();
  private readonly lines = new Map<string, Line>();
  /** How many wait with each priority: the search ends at the first one that nobody surpasses. */
  private readonly priorities = new Map<number, number>();
  private readonly limitOf: (name: string) => number;
  private readonly common: string | undefined;

  /**
   * @param limitOf the limit of a name; Infinity for none
   * @param common a name that every invocation has: while it is full, nobody is looked for
   */
  constructor(limitOf: (name: string) => number, common?: string) {
    this.limitOf = limitOf;
    this.common = common;
  }

  /** Takes a place at once, if nobody is in line before it. */
  tryTake(names: readonly string[]): boolean {
    if ((this.lines.size > 0 && this.lines.has(lineOf(names))) || !this.fits(names)) return false;
    count(this.used, names, 1);
    return true;
  }

  /** Takes a place when there is one; higher priority first, then in order. The function it returns leaves the line. */
  take(names: readonly string[], priority: number, start: () => void): () => void {
    const key = lineOf(names);
    const line = this.lines.get(key) ?? { names, waiting: [] };
    this.lines.set(key, line);
    const entry = { priority, start };
    const at = line.waiting.findIndex((other) => other.priority < priority);
    line.waiting.splice(at < 0 ? line.waiting.length : at, 0, entry);
    count(this.priorities, [priority], 1);
    // For those in other lines nothing has changed.
    if (line.waiting[0] === entry && this.fits(names)) this.begin(line, entry);
    return () => this.leave(line, entry);
  }

  /** Gives a place back. */
  release(names: readonly string[]): void {
    count(this.used, names, -1);
    this.serve();
  }

  /** Places taken under a name. */
  taken(name: string): number {
    return this.used.get(name) ?? 0;
  }

  /** Names and lines that somebody is in. */
  get size(): number {
    return this.used.size + this.lines.size;
  }

  private serve(): void {
    if (this.lines.size === 0) return;
    while (this.common === undefined || this.fits([this.common])) {
      const line = this.next();
      const first = line?.waiting[0];
      if (line === undefined || first === undefined) return;
      this.begin(line, first);
    }
  }

  /** The line whose first one is to begin. */
  private next(): Line | undefined {
    const highest = Math.max(...this.priorities.keys());
    let best: Line | undefined;
    let priority = -Infinity;
    for (const line of this.lines.values()) {
      const [first] = line.waiting;
      if (first === undefined || first.priority <= priority || !this.fits(line.names)) continue;
      best = line;
      ({ priority } = first);
      if (priority === highest) break;
    }
    return best;
  }

  private begin(line: Line, first: Waiting): void {
    this.leave(line, first);
    count(this.used, line.names, 1);
    first.start();
  }

  private leave(line: Line, entry: Waiting): void {
    const index = line.waiting.indexOf(entry);
    if (index < 0) return;
    line.waiting.splice(index, 1);
    count(this.priorities, [entry.priority], -1);
    if (line.waiting.length === 0) this.lines.delete(lineOf(line.names));
  }

  private fits(names: readonly string[]): boolean {
    return names.every((name) => this.taken(name) < this.limitOf(name));
  }
}

/** Counts up or down; what comes to nothing is dropped. */
function count<K>(counts: Map<K, number>, keys: readonly K[], by: number): void {
  for (const key of keys) {
    const now = (counts.get(key) ?? 0) + by;
    if (now === 0) counts.delete(key);
    else counts.set(key, now);
  }
}

function lineOf(names: readonly string[]): string {
  return JSON.stringify(names);
}
