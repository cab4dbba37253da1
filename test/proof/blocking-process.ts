import { createEngine } from '../../src/create-engine.ts';
import { blockingWorkflow } from './blocking.ts';

/** A worker in a process of its own, whose first step holds its event loop. Says what it is told of its own troubles. */
const [url = '', deadAfter = '', hold = ''] = process.argv.slice(2);
const engine = createEngine({
  database: url,
  workflows: [blockingWorkflow(url, Number(hold))],
  deadAfter: Number(deadAfter),
  onFault: (message) => console.log(message),
});
await engine.work();
console.log('ready');
