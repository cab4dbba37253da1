import { z } from 'zod';
import { defineStep, StepError } from '../../../src/index.ts';
import { config } from '../config.ts';
import { readJson } from '../files.ts';
import { deliveredFileSchema, startTiming, timingSchema } from '../model.ts';
import { RETRY } from './retry.ts';

const DAY = 86_400_000;

/** One row an artifact, with the day until which it is kept. */
export const store = defineStep({
  input: z.object({
    workspaceId: z.string(),
    manifest: z.string(),
    /** Artifacts that are kept beside the delivered ones, by kind. */
    others: z.record(z.string(), z.string()),
  }),
  output: z.object({ rows: z.int(), bytes: z.int(), retainedUntil: z.iso.datetime(), timing: timingSchema }),
  retry: RETRY,
  timeout: 60_000,
  transactional: true,
  run: async ({ input, artifacts, instance, tx }) => {
    const stop = startTiming();
    const delivered = await readJson(artifacts, input.manifest, z.array(deliveredFileSchema));
    const rows: { key: string; kind: string; bytes: number; sha256: string; location: string }[] = [...delivered];
    for (const [kind, key] of Object.entries(input.others)) {
      const found = await artifacts.stat(key);
      if (found === undefined) throw new StepError('NOT_FOUND', `The artifact ${key} (${kind}) is gone.`);
      rows.push({ key, kind, bytes: found.size, sha256: found.sha256, location: found.location });
    }
    const retainedUntil = new Date(Date.now() + config().retentionDays * DAY).toISOString();
    for (const { key, kind, bytes, sha256, location } of rows) {
      await tx`
        insert into video_processing.artifacts (key, instance_key, workspace_id, kind, bytes, sha256, location, retained_until)
        values (${key}, ${instance.id}, ${input.workspaceId}, ${kind}, ${bytes}, ${sha256}, ${location}, ${retainedUntil}::timestamptz)
        on conflict (key) do update set
          kind = excluded.kind, bytes = excluded.bytes, sha256 = excluded.sha256,
          location = excluded.location, retained_until = excluded.retained_until`;
    }
    return { rows: rows.length, bytes: rows.reduce((sum, { bytes }) => sum + bytes, 0), retainedUntil, timing: stop() };
  },
});
