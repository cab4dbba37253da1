import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { formatOf } from '../file/format.ts';
import { keys } from '../file/keys.ts';
import { inputSchema, outputSchema } from '../input.ts';
import { columnsOf } from '../query.ts';

/** Puts the parts together, as a stream. */
export const assemble = defineStep({
  input: z.object({ job: inputSchema, parts: z.int(), rows: z.int() }),
  output: outputSchema,
  timeout: 30 * 60_000,
  heartbeat: 5 * 60_000,
  run: async ({ input, artifacts, instance, signal, progress }) => {
    const { job, parts, rows } = input;
    const format = formatOf(job);
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(format.begin(columnsOf(job).map(({ name }) => name)));
      for (let part = 1; part <= parts; part++) {
        if (part > 1) yield Buffer.from(format.between);
        yield* await artifacts.read(keys.part(instance.id, part));
        signal.throwIfAborted();
        progress(part / parts, `part ${part} of ${parts}`);
      }
      yield Buffer.from(format.end);
    }
    const { key, size, sha256 } = await artifacts.put(keys.file(instance.id, job), body());
    return { key, rows, bytes: size, sha256 };
  },
});
