import { fileURLToPath } from 'node:url';
import { defineTrigger, defineWorkflow } from '../../src/index.ts';
import { contextSchema } from './context.ts';
import { inputSchema, outputSchema } from './input.ts';
import { machine } from './machine.ts';

/** A user's rows become a file. */
export const exportGenerator = defineWorkflow({
  name: 'export-generator',
  version: '1',
  machine,
  input: inputSchema,
  context: contextSchema,
  output: outputSchema,
});

/** Starts it: `triggerExportGenerator(engine, { userId, exportType, format })`. */
export const triggerExportGenerator = defineTrigger(exportGenerator);

export const migrations = {
  folder: fileURLToPath(new URL('migrations', import.meta.url)),
  schema: 'export_generator',
} as const;
