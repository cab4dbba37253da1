interface Line {
  active: number;
  waiting: { order: number; go: () => void }[];
}

/** One after the other by their order, in each queue and concurrency key; a limit holds for each key, as the platform says. */
export class Queues {
  private readonly lines = new Map<string, Line>();
  /** The most that ran at a time, by queue. */
  readonly peaks = new Map<string, number>();

  /** Resolves with the function that gives the place back. @param order lower ones go first: a time less the seconds of the priority */
  async acquire(queue: { name: string; key: string }, limit: number | undefined, order: number): Promise<() => void> {
    const id = `${queue.name}:${queue.key}`;
    const line = this.lines.get(id) ?? { active: 0, waiting: [] };
    this.lines.set(id, line);
    if (limit !== undefined && line.active >= limit) {
      await new Promise<void>((go) => {
        const at = line.waiting.findIndex((other) => other.order > order);
        line.waiting.splice(at < 0 ? line.waiting.length : at, 0, { order, go });
      });
    } else line.active += 1;
    this.peaks.set(queue.name, Math.max(this.peaks.get(queue.name) ?? 0, line.active));
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const next = line.waiting.shift();
      // The place goes over to the next one without being free in between.
      if (next === undefined) line.active -= 1;
      else next.go();
    };
  }
}
