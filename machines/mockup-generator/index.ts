import { defineTrigger, defineWorkflow } from '../../src/index.ts';
import { contextSchema, outputSchema } from './context.ts';
import { eventSchemas, inputSchema } from './input.ts';
import { machine } from './machine.ts';

/** Every asset in every scene. Its tables are the design engine's. */
export const mockupGenerator = defineWorkflow({
  name: 'mockup-generator',
  version: '1',
  machine,
  input: inputSchema,
  events: eventSchemas,
  context: contextSchema,
  output: outputSchema,
  errors: { ASSET_NOT_FOUND: 'final', SCENE_UNKNOWN: 'final', UNREADABLE_PICTURE: 'final' },
  controls: { resume: 'RETRY' },
});

/** Starts mockups; gives back their status, cancel and result. */
export const triggerMockupGenerator = defineTrigger(mockupGenerator);
