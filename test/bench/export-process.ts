import { exportGenerator, triggerExportGenerator } from '../../machines/export-generator/index.ts';
import { createEngine, createLocalArtifacts } from '../../src/index.ts';

/** What an export took. Bytes of resident set, once the engine works and at most. */
export interface ExportFigures {
  before: number;
  peak: number;
  seconds: number;
  bytes: number;
  exported: number;
}

const [url = '', folder = '', userId = '', format = 'csv'] = process.argv.slice(2);
const engine = createEngine({ database: url, workflows: [exportGenerator], artifacts: createLocalArtifacts(folder) });
await engine.work();
const before = process.memoryUsage.rss();
let peak = before;
const look = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 10);
const began = performance.now();
const triggered = await triggerExportGenerator(engine, {
  userId,
  exportType: 'pin-metrics',
  format: format as 'csv' | 'json',
});
const { rows: exported, bytes } = await triggered.result();
const seconds = (performance.now() - began) / 1000;
clearInterval(look);
peak = Math.max(peak, process.memoryUsage.rss());
await engine.stop();
console.log(JSON.stringify({ before, peak, seconds, bytes, exported } satisfies ExportFigures));
