import { defineSweep } from '../src/trigger.ts';
import { open } from './open.ts';

export const sweep = defineSweep(open);
