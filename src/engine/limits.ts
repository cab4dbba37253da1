interface Waiting {
  priority: number;
  start: () => void;
}

/** Those that wait for the same places. */
interface Line {
  key: string;
  names: readonly string[];
  /** Never empty; by priority, then in order. */
  waiting: [Waiting, ...Waiting[]];
  /** Of lines with the same priority the lowest one is next. */
  turn: number;
  /** The name without a free place that it was passed over for; undefined while it is among the ready ones. */
  parkedAt: string | undefined;
}

/**
 * How many may run at a time, by name: of this worker, of a step, of a key of a step, of a queue. An invocation needs a
 * place in each that it names. Keys come and go, so a name or line that nobody is in takes no memory.
 */
export class Limits {
  private readonly used = new Map<string, number>();
  private readonly lines = new Map<string, Line>();
  /** Lines to be looked at, the next one first. The others are parked until a place of the name that they lack is given back. */
  private readonly ready: Line[] = [];
  private readonly parked = new Map<string, Set<Line>>();
  private turns = 0;
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
    if ((this.lines.size > 0 && this.lines.has(keyOf(names))) || this.lacking(names) !== undefined) return false;
    count(this.used, names, 1);
    return true;
  }

  /**
   * Takes a place when there is one. Higher priority comes first, in a line in order; lines whose first ones have the same priority
   * take turns. The function it returns leaves the line.
   */
  take(names: readonly string[], priority: number, start: () => void): () => void {
    const key = keyOf(names);
    const entry = { priority, start };
    let line = this.lines.get(key);
    if (line === undefined) {
      line = { key, names, waiting: [entry], turn: ++this.turns, parkedAt: undefined };
      this.lines.set(key, line);
      this.makeReady(line);
    } else {
      this.join(line, entry);
    }
    // For those in other lines nothing has changed.
    if (line.waiting[0] === entry && this.lacking(names) === undefined) this.begin(line);
    return () => this.leave(line, entry);
  }

  /** Gives a place back. */
  release(names: readonly string[]): void {
    count(this.used, names, -1);
    if (this.lines.size === 0) return;
    for (const name of names) {
      const lines = this.parked.get(name);
      if (lines === undefined) continue;
      this.parked.delete(name);
      for (const line of lines) {
        line.parkedAt = undefined;
        this.makeReady(line);
      }
    }
    this.serve();
  }

  /** Places taken under a name. */
  taken(name: string): number {
    return this.used.get(name) ?? 0;
  }

  /** Names and lines that somebody is in. */
  get size(): number {
    return this.used.size + this.lines.size + this.parked.size;
  }

  private serve(): void {
    for (;;) {
      const [line] = this.ready;
      if (line === undefined || (this.common !== undefined && !this.hasRoom(this.common))) return;
      const lacking = this.lacking(line.names);
      if (lacking === undefined) this.begin(line);
      else this.park(line, lacking);
    }
  }

  /** Begins the first one of a line, whose next turn comes after those of all others. */
  private begin(line: Line): void {
    const [first] = line.waiting;
    line.turn = ++this.turns;
    this.leave(line, first);
    count(this.used, line.names, 1);
    first.start();
  }

  private join(line: Line, entry: Waiting): void {
    const { waiting } = line;
    if (entry.priority <= (waiting.at(-1) as Waiting).priority) {
      waiting.push(entry);
      return;
    }
    const at = waiting.findIndex((other) => other.priority < entry.priority);
    if (at > 0) waiting.splice(at, 0, entry);
    else this.reorder(line, () => waiting.unshift(entry));
  }

  private leave(line: Line, entry: Waiting): void {
    const index = line.waiting.indexOf(entry);
    if (index < 0 || this.lines.get(line.key) !== line) return;
    if (index > 0) {
      line.waiting.splice(index, 1);
    } else if (line.waiting.length > 1) {
      this.reorder(line, () => line.waiting.shift());
    } else {
      this.lines.delete(line.key);
      this.withdraw(line);
    }
  }

  /** Changes what a ready line's place depends on. */
  private reorder(line: Line, change: () => void): void {
    if (line.parkedAt === undefined) this.withdraw(line);
    change();
    if (line.parkedAt === undefined) this.makeReady(line);
  }

  private makeReady(line: Line): void {
    let low = 0;
    for (let high = this.ready.length; low < high;) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.ready[middle] as Line, line)) low = middle + 1;
      else high = middle;
    }
    this.ready.splice(low, 0, line);
  }

  private park(line: Line, name: string): void {
    this.withdraw(line);
    line.parkedAt = name;
    const lines = this.parked.get(name) ?? new Set();
    this.parked.set(name, lines.add(line));
  }

  private withdraw(line: Line): void {
    if (line.parkedAt === undefined) {
      this.ready.splice(this.ready.indexOf(line), 1);
      return;
    }
    const lines = this.parked.get(line.parkedAt);
    lines?.delete(line);
    if (lines?.size === 0) this.parked.delete(line.parkedAt);
  }

  private lacking(names: readonly string[]): string | undefined {
    return names.find((name) => !this.hasRoom(name));
  }

  private hasRoom(name: string): boolean {
    return this.taken(name) < this.limitOf(name);
  }
}

function isBefore(a: Line, b: Line): boolean {
  const [one, other] = [a.waiting[0].priority, b.waiting[0].priority];
  return one === other ? a.turn < b.turn : one > other;
}

/** Counts up or down; what comes to nothing is dropped. */
function count(counts: Map<string, number>, names: readonly string[], by: number): void {
  for (const name of names) {
    const now = (counts.get(name) ?? 0) + by;
    if (now === 0) counts.delete(name);
    else counts.set(name, now);
  }
}

function keyOf(names: readonly string[]): string {
  return JSON.stringify(names);
}
