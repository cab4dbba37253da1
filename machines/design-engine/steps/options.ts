import type { StepOptions } from '../../../src/index.ts';

/** How every step of the design engine is tried again, and where it runs on Trigger.dev. */
export const STEP = {
  retry: { maxAttempts: 2, minDelay: 5_000, factor: 2, maxDelay: 60_000 },
  machinePreset: 'medium-1x',
} as const satisfies StepOptions;
