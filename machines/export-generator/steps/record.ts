import { z } from 'zod';
import { defineStep } from '../../../src/index.ts';
import { inputSchema, outputSchema } from '../input.ts';

/** Enters the file into the table of exports. */
export const record = defineStep({
  input: z.object({ job: inputSchema, exported: outputSchema }),
  timeout: 60_000,
  transactional: true,
  run: async ({ input, tx, instance }) => {
    const { userId, exportType, format } = input.job;
    const { key, rows, bytes, sha256 } = input.exported;
    await tx`
      insert into export_generator.exports (instance_key, user_id, export_type, format, key, rows, bytes, sha256)
      values (${instance.id}, ${userId}, ${exportType}, ${format}, ${key}, ${rows}, ${bytes}, ${sha256})
      on conflict (instance_key) do update set rows = excluded.rows, bytes = excluded.bytes, sha256 = excluded.sha256, created_at = now()`;
  },
});
