import { describe, vi } from 'vitest';

// The engine's own tests, unchanged: what they ask for is the same wherever steps run.
vi.mock('../support/engine.ts', async (original) => {
  const { useTriggerBench } = await import('./support/bench.ts');
  return { ...(await original<typeof import('../support/engine.ts')>()), useBench: useTriggerBench };
});

const only = process.env['CONTRACT']?.split(',');
const files = [
  'actions', 'cancel', 'children-ends', 'children', 'definitions', 'delivery', 'failure', 'history', 'limits', 'lists', 'plain-xstate', 'progress',
  'result', 'retry', 'send', 'start-later', 'start', 'step-results', 'subscribe', 'timeout', 'timers', 'transactional', 'workers',
].filter((name) => only === undefined || only.includes(name));

for (const name of files) {
  describe(name, async () => {
    await import(`../engine/${name}.test.ts`);
  });
}
