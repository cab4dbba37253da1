/** Counts what is under way, for each client and in all. */
export class Quota {
  private readonly perClient: number;
  private readonly all: number;
  private readonly counts = new Map<string, number>();
  private total = 0;

  constructor(perClient: number, all: number) {
    this.perClient = perClient;
    this.all = all;
  }

  /** @returns gives the place back, once; undefined: there is none */
  take(client = ''): (() => void) | undefined {
    const count = this.counts.get(client) ?? 0;
    if (count >= this.perClient || this.total >= this.all) return undefined;
    this.counts.set(client, count + 1);
    this.total++;
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.total--;
      const left = (this.counts.get(client) ?? 0) - 1;
      if (left > 0) this.counts.set(client, left);
      else this.counts.delete(client);
    };
  }
}
