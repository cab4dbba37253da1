interface Line {
  active: number;
  waiting: (() => void)[];
}

/** First in, first out, in each queue and concurrency key; a limit holds for each key, as on the platform. */
export class Queues {
  private readonly lines = new Map<string, Line>();
  /** The most that ran at a time, by queue. */
  readonly peaks = new Map<string, number>();

  /** Resolves with the function that gives the place back. */
  async acquire(queue: { name: string; key: string }, limit: number | undefined): Promise<() => void> {
    const id = `${queue.name}:${queue.key}`;
    const line = this.lines.get(id) ?? { active: 0, waiting: [] };
    this.lines.set(id, line);
    if (limit !== undefined && line.active >= limit) await new Promise<void>((resolve) => line.waiting.push(resolve));
    else line.active += 1;
    this.peaks.set(queue.name, Math.max(this.peaks.get(queue.name) ?? 0, line.active));
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const next = line.waiting.shift();
      // The place goes over to the next one without being free in between.
      if (next === undefined) line.active -= 1;
      else next();
    };
  }
}
