import { z } from 'zod';
import { defineStep, StepError, type Transaction } from '../../../src/index.ts';
import { config } from '../config.ts';
import { inputSchema } from '../input.ts';
import { startTiming, timingSchema } from '../model.ts';
import { findSource } from '../source/source.ts';
import { assertTranscriptExists } from '../transcript/given.ts';
import { RETRY } from './retry.ts';

/** Is the source there, and may the workspace have one more? Counts the video against the quota, once an instance. */
export const validate = defineStep({
  input: inputSchema,
  output: z.object({
    kind: z.enum(['local', 'upload', 'url']),
    name: z.string(),
    bytes: z.int().nullable(),
    quota: z.object({ limit: z.int(), used: z.int() }),
    timing: timingSchema,
  }),
  retry: RETRY,
  timeout: 60_000,
  transactional: true,
  run: async ({ input, artifacts, signal, instance, log, tx }) => {
    const stop = startTiming();
    const access = { artifacts, config: config(), signal };
    // Before the first row is locked: a slow host must not hold up the workspace.
    const found = await findSource(input.source, access);
    await assertTranscriptExists(input.transcript, access);
    const quota = await useQuota(tx, input.workspaceId, instance.id, access.config.defaultQuota);
    log.info('source found', { kind: found.kind, bytes: found.bytes });
    return { ...found, quota, timing: stop() };
  },
});

async function useQuota(
  tx: Transaction,
  workspace: string,
  instance: string,
  defaultQuota: number,
): Promise<{ limit: number; used: number }> {
  await tx`insert into video_processing.workspaces (id, quota) values (${workspace}, ${defaultQuota}) on conflict (id) do nothing`;
  // The row is locked first, so that two instances of one workspace take turns.
  const [row] = await tx<{
    quota: number;
    used: number;
  }>`select quota, used from video_processing.workspaces where id = ${workspace} for update`;
  if (row === undefined) throw new StepError('UNKNOWN', `The workspace ${workspace} vanished.`);
  const counted = await tx`select 1 from video_processing.usage where instance_key = ${instance}`;
  if (counted.length > 0) return { limit: row.quota, used: row.used };
  if (row.used >= row.quota) {
    throw new StepError('QUOTA_EXCEEDED', `Workspace ${workspace} has used ${row.used} of ${row.quota} videos.`, {
      details: { workspaceId: workspace, quota: row.quota, used: row.used },
    });
  }
  await tx`insert into video_processing.usage (instance_key, workspace_id) values (${instance}, ${workspace})`;
  await tx`update video_processing.workspaces set used = used + 1 where id = ${workspace}`;
  return { limit: row.quota, used: row.used + 1 };
}
