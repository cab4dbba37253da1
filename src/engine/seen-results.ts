import { ended, MOST_FAILURES, MOST_MESSAGE, type FanOutRow, type ItemResults } from './fan-out.ts';
import { itemIndex } from './keys.ts';
import type { Owned } from './owned.ts';
import type { StepRow } from './ports.ts';

/** Characters of outputs that are kept for all fan-outs together. */
const MOST_KEPT = 16_000_000;
/** What is kept beside an output, roughly, in characters. */
const ENTRY = 100;

/** What an item came to; an output of undefined is none. */
type End = { output: unknown } | { code: string; message: string };

interface Seen {
  /** By index, as far as they have ended; the newest end of each. */
  ends: Map<number, End>;
  size: number;
}

/**
 * What those items came to whose ends this process has seen. When it has seen the ends of all, they need not be read
 * again, and the fan-out ends in the commit that stores them. Of large ones, and of those of which an item ended
 * elsewhere, was retried or skipped, the rows are read.
 */
export class SeenResults {
  private readonly seen = new WeakMap<Owned, Map<string, Seen>>();
  private kept = 0;

  /** An item has come to its end, and its fan-out has counted it. */
  ended(owned: Owned, { key, fanOut }: FanOutRow, item: StepRow): void {
    const known = this.seen.get(owned) ?? new Map<string, Seen>();
    this.seen.set(owned, known);
    const seen = known.get(key) ?? { ends: new Map<number, End>(), size: 0 };
    known.set(key, seen);
    const end = endOf(item);
    const size = ENTRY + (JSON.stringify(end) as string).length;
    seen.ends.set(itemIndex(item.key), end);
    seen.size += size;
    this.kept += size;
    // As many as the fan-out has counted, or it has counted others too.
    if (seen.ends.size !== ended(fanOut) || this.kept > MOST_KEPT) this.forget(owned, key);
  }

  /** What all items came to, in order of their index and as the store reads it, if their ends were seen. */
  of(owned: Owned, { key, fanOut }: FanOutRow): ItemResults | undefined {
    const ends = this.seen.get(owned)?.get(key)?.ends ?? new Map<number, End>();
    if (ends.size !== fanOut.total || ends.size !== ended(fanOut)) return undefined;
    const results: ItemResults['results'] = [];
    const failures: ItemResults['failures'] = [];
    for (const [index, end] of [...ends].toSorted(([a], [b]) => a - b)) {
      if ('code' in end) failures.push({ index, ...end });
      else if (end.output !== undefined) results.push({ index, output: end.output });
    }
    return { results, failures: failures.slice(0, MOST_FAILURES) };
  }

  /** Of one fan-out, or of all of an instance. */
  forget(owned: Owned, fanOut?: string): void {
    const known = this.seen.get(owned);
    for (const [key, { size }] of known ?? []) {
      if (fanOut !== undefined && key !== fanOut) continue;
      known?.delete(key);
      this.kept -= size;
    }
  }
}

function endOf({ status, output, error }: StepRow): End {
  if (status !== 'failed' || error === null) return { output };
  const { code, message } = error;
  // By characters, as Postgres counts them.
  return {
    code,
    message: message.length > MOST_MESSAGE ? Array.from(message).slice(0, MOST_MESSAGE).join('') : message,
  };
}
