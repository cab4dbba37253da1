import { workflows } from '../machines/index.ts';
import { defineSteps } from '../src/trigger.ts';
import { open } from './open.ts';

export const steps = defineSteps(open, workflows);
