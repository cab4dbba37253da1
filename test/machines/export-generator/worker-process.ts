import { exportGenerator } from '../../../machines/export-generator/index.ts';
import { createEngine, createLocalArtifacts } from '../../../src/index.ts';

/** A worker in a process of its own, to be killed. */
const [url = '', folder = ''] = process.argv.slice(2);
const engine = createEngine({ database: url, workflows: [exportGenerator], artifacts: createLocalArtifacts(folder) });
await engine.work();
