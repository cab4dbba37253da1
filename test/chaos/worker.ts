import { openSync, writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { createEngine } from '../../src/create-engine.ts';
import type { ArtifactStore } from '../../src/index.ts';
import { JumpingClock } from './clock.ts';
import { chaosWorkflows } from './workflows.ts';

/** A worker in a process of its own, to be killed. Notes each attempt that it begins in a file, whose lines outlive it. */
const [url = '', seed = '', ledger = '', chosen = ''] = process.argv.slice(2);
console.warn = () => {};
const file = openSync(ledger, 'a');
const clock = new JumpingClock();
const go = Promise.withResolvers<void>();
process.on('message', (message: 'go' | number) => {
  if (message === 'go') go.resolve();
  else clock.offset = message;
});
process.on('disconnect', () => process.exit());
const engine = createEngine({
  database: url,
  workflows: chaosWorkflows(
    Number(seed),
    (key, attempt) => void writeSync(file, `${Date.now()}\t${process.pid}\t${attempt}\t${key}\n`),
    chosen.split(',').map(Number),
  ),
  artifacts: undefined as unknown as ArtifactStore,
  clock,
  deadAfter: 5_000,
  onFault: (message, error) => process.send?.({ fault: `${message}: ${String(error)}` }),
});
// One that is killed would leave nothing for the next one.
flushCompileCache();
await go.promise;
for (;;) {
  try {
    await engine.work();
    break;
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
process.send?.({ ready: true });
