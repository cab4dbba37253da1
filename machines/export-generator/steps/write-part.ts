import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { formatOf } from '../file/format.ts';
import { keys } from '../file/keys.ts';
import { inputSchema } from '../input.ts';
import { columnsOf, readRows } from '../query.ts';

/** Rows of a part: what is written again, at most, after a crash. */
const PART = 20_000;

/**
 * Writes the next rows into a part of the file. Its own key and the key that it goes on after are in its input, so an
 * attempt that takes another one's place writes the same part again, and none is ever half there.
 */
export const writePart = defineStep({
  input: z.object({
    job: inputSchema,
    part: z.int(),
    after: z.array(z.string()).nullable(),
    /** Rows before this part, and in all. */
    before: z.int(),
    total: z.int(),
  }),
  output: z.object({ rows: z.int(), last: z.array(z.string()), done: z.boolean() }),
  timeout: 15 * 60_000,
  heartbeat: 2 * 60_000,
  transactional: true,
  run: async ({ input, tx, artifacts, instance, signal, progress }) => {
    const { job, part, after, before, total } = input;
    const format = formatOf(job);
    const columns = columnsOf(job);
    const written: { rows: number; last: string[]; done: boolean } = { rows: 0, last: [], done: true };
    async function* body(): AsyncGenerator<Uint8Array> {
      for await (const { rows, last, more } of readRows(tx, job, after, PART)) {
        signal.throwIfAborted();
        yield Buffer.from(format.rows(rows, columns, written.rows === 0));
        written.rows += rows.length;
        written.last = last ?? written.last;
        written.done = !more;
        const now = before + written.rows;
        progress(Math.min(1, now / Math.max(total, now)), `${number(now)} of ${number(total)} rows`);
      }
    }
    const { key } = await artifacts.put(keys.part(instance.id, part), body());
    // The rows that were there when the part before was written are gone.
    if (written.rows === 0) await artifacts.delete(key);
    return written;
  },
});

function number(value: number): string {
  return value.toLocaleString('en');
}
