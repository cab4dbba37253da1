import { fileURLToPath } from 'node:url';
import { defineTrigger, defineWorkflow } from '../../src/index.ts';
import { contextSchema, outputSchema } from './context.ts';
import { eventSchemas, inputSchema } from './input.ts';
import { machine } from './machine.ts';

/** A quote becomes pictures that can be sold. */
export const designEngine = defineWorkflow({
  name: 'design-engine',
  version: '1',
  machine,
  input: inputSchema,
  events: eventSchemas,
  context: contextSchema,
  output: outputSchema,
  errors: { QUOTE_NOT_FOUND: 'final', TEXT_DOES_NOT_FIT: 'final', MISSING_GLYPHS: 'final' },
  controls: { resume: 'RETRY' },
});

/** Starts a design; gives back its status, cancel and result. */
export const triggerDesignEngine = defineTrigger(designEngine);

/** The pipeline's own tables: SQL files for drizzle's migrator, and the schema to keep its list of them in. */
export const migrations = {
  folder: fileURLToPath(new URL('migrations', import.meta.url)),
  schema: 'design_engine',
} as const;
