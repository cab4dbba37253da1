import { fileURLToPath } from 'node:url';
import { defineWorkflow } from '../../src/index.ts';
import { contextSchema, outputSchema } from './context-schema.ts';
import { eventSchemas, inputSchema } from './input.ts';
import { machine } from './machine.ts';

/** A video becomes an insight pack and four drafts. */
export const videoProcessing = defineWorkflow({
  name: 'video-processing',
  version: '1',
  machine,
  input: inputSchema,
  events: eventSchemas,
  context: contextSchema,
  output: outputSchema,
  errors: { REVIEW_REJECTED: 'final' },
  controls: { resume: 'RETRY' },
});

/** The pipeline's own tables: SQL files for drizzle's migrator, and the schema to keep its list of them in. */
export const migrations = {
  folder: fileURLToPath(new URL('migrations', import.meta.url)),
  schema: 'video_processing',
} as const;
