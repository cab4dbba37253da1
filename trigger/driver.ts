import { defineDriver } from '../src/trigger.ts';
import { open } from './open.ts';

export const driver = defineDriver(open);
