import { workflows } from '../machines/index.ts';
import { defineStarts } from '../src/trigger.ts';
import { openClient } from './open.ts';

export const starts = defineStarts(workflows, async (workflow, input) => openClient().start(workflow, input as never));
