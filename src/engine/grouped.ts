/** What came of one item of a group. */
export type Settled<Result> = { value: Result } | { error: unknown };

export interface GroupedOptions<Item, Result> {
  /** Does all of them at once; the results are in the order of the items. */
  run: (items: readonly Item[]) => Promise<readonly Settled<Result>[]>;
  /** Items in one group. */
  most: number;
  /** Characters in one group; one item alone may be as large as it is. */
  largest?: number;
  sizeOf?: (item: Item) => number;
}

/**
 * Does alike things in groups, as the committer does commits: what is asked for while a group is under way makes up the
 * next one; nothing waits when none is. Groups follow one another, in the order in which their items were given.
 */
export class Grouped<Item, Result> {
  private readonly options: GroupedOptions<Item, Result>;
  private queue: { item: Item; size: number; settle: (settled: Settled<Result>) => void }[] = [];
  private busy = false;

  constructor(options: GroupedOptions<Item, Result>) {
    this.options = options;
  }

  /** @throws what `run` gave for this item, or threw for the group */
  async do(item: Item): Promise<Result> {
    const { promise, resolve } = Promise.withResolvers<Settled<Result>>();
    this.queue.push({ item, size: this.options.sizeOf?.(item) ?? 0, settle: resolve });
    if (!this.busy) {
      this.busy = true;
      setImmediate(() => void this.drain());
    }
    const settled = await promise;
    if ('error' in settled) throw settled.error;
    return settled.value;
  }

  /** Never rejects. */
  private async drain(): Promise<void> {
    while (this.queue.length > 0) {
      const group = this.next();
      try {
        const settled = await this.options.run(group.map(({ item }) => item));
        for (const [index, { settle }] of group.entries())
          settle(settled[index] ?? { error: new Error('There is no result for this item of the group.') });
      } catch (error) {
        for (const { settle } of group) settle({ error });
      }
    }
    this.busy = false;
  }

  private next(): typeof this.queue {
    const { most, largest = Infinity } = this.options;
    let count = 0;
    let size = 0;
    for (const item of this.queue) {
      size += item.size;
      if (count === most || (size > largest && count > 0)) break;
      count++;
    }
    const group = this.queue.slice(0, count);
    this.queue = this.queue.slice(count);
    return group;
  }
}

/**
 * Runs a statement for a group. One that the database refuses for what is in it is run again in halves, so that the others
 * are not refused with it; of one whose outcome is unknown nothing is repeated.
 */
export async function inHalves<Item, Result>(
  items: readonly Item[],
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  mayHelp: (error: unknown) => boolean,
): Promise<Settled<Result>[]> {
  if (items.length === 0) return [];
  try {
    return (await run(items)).map((value) => ({ value }));
  } catch (error) {
    if (items.length === 1 || !mayHelp(error)) return items.map(() => ({ error }));
    const middle = Math.ceil(items.length / 2);
    const first = await inHalves(items.slice(0, middle), run, mayHelp);
    return [...first, ...(await inHalves(items.slice(middle), run, mayHelp))];
  }
}
