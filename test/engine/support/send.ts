import { createEngine } from '../../../src/create-engine.ts';
import { waitsForGo } from '../../support/machines.ts';

// A process of its own that sends GO to an instance of `far`, says when, and ends.
const [url, id] = process.argv.slice(2) as [string, string];
const engine = createEngine({ database: url, workflows: [waitsForGo('far')], artifacts: undefined as never });
const sentAt = Date.now();
await engine.send(id, { type: 'GO' });
await engine.stop();
process.send?.(sentAt);
process.disconnect();
