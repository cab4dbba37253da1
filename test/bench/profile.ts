import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureBurst } from './burst.ts';
import type { Cleanup } from './cleanup.ts';
import { EngineProcess } from './engine-process.ts';
import type { Probe, StatementCount } from './probe.ts';
import type { BenchDatabase } from './server.ts';
import { quantile } from './statistics.ts';

/** A .cpuprofile, as Chrome's DevTools and VS Code open it. */
interface CpuProfile {
  nodes: { id: number; children?: number[]; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SHOWN = 30;

/** Profiles the engine's process when everything is compiled and planned: in a burst, at idle, and with parallel steps. */
export async function profileEngine(parts: {
  database: BenchDatabase;
  probe: Probe;
  cleanup: Cleanup;
  instances: number;
  folder: string;
}): Promise<void> {
  const { database, probe, cleanup, instances, folder } = parts;
  mkdirSync(folder, { recursive: true });
  const engine = await EngineProcess.open(database.url, instances, cleanup);
  for (let i = 0; i < 2; i++) await measureBurst(engine, database, probe, instances);
  const profile = async (name: string, run: () => Promise<{ said: string; statements: StatementCount[] | null }>) => {
    await engine.order('profile', null);
    const { said, statements } = await run();
    const text = await engine.order('profiled', null);
    const file = join(folder, `${name}.cpuprofile`);
    writeFileSync(file, text);
    console.log(`== ${said}, under the profiler. ${file}\n`);
    console.log(hotSpots(JSON.parse(text) as CpuProfile).join('\n'));
    console.log(`\nStatements, by time in the server:\n${statementLines(statements).join('\n')}\n`);
  };
  await profile('burst', async () => {
    const { seconds, statements } = await measureBurst(engine, database, probe, instances);
    return { said: `Third burst of ${instances} × 10 steps in ${seconds.toFixed(2)} s`, statements };
  });
  for (const workflow of ['bench-sequence', 'bench-parallel'] as const) {
    await engine.order('latencies', { workflow, warmUp: 10, samples: 1 });
    await profile(workflow, async () => {
      await probe.mark(database.name);
      const latencies = await engine.order('latencies', { workflow, warmUp: 0, samples: 20 });
      const said = `20 of ${workflow} at idle, one after the other, p50 ${quantile(latencies, 0.5).toFixed(1)} ms`;
      return { said, statements: await probe.statements(database.name) };
    });
  }
  await engine.close();
}

/** Functions by their own time, and by their time with all that they call. */
function hotSpots({ nodes, samples, timeDeltas }: CpuProfile): string[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parent = new Map(nodes.flatMap(({ id, children }) => (children ?? []).map((child) => [child, id] as const)));
  const self = new Map<string, number>();
  const total = new Map<string, number>();
  let all = 0;
  const add = (map: Map<string, number>, name: string, time: number): void =>
    void map.set(name, (map.get(name) ?? 0) + time);
  for (const [i, sample] of samples.entries()) {
    const time = timeDeltas[i] ?? 0;
    all += time;
    const seen = new Set<string>();
    for (let id: number | undefined = sample; id !== undefined; id = parent.get(id)) {
      const node = byId.get(id);
      if (node === undefined) break;
      const name = nameOf(node.callFrame);
      if (id === sample) add(self, name, time);
      if (!seen.has(name)) add(total, name, time);
      seen.add(name);
    }
  }
  const list = (title: string, map: Map<string, number>): string[] => [
    title,
    ...[...map]
      .toSorted((a, b) => b[1] - a[1])
      .slice(0, SHOWN)
      .map(
        ([name, time]) =>
          `${((time / all) * 100).toFixed(1).padStart(6)} % ${(time / 1000).toFixed(0).padStart(6)} ms  ${name}`,
      ),
  ];
  return [...list('Own time:', self), '', ...list('With what they call:', total)];
}

function nameOf({ functionName, url, lineNumber }: { functionName: string; url: string; lineNumber: number }): string {
  const place = url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, '')
    .replace(ROOT, '');
  return `${functionName || '(anonymous)'}${place === '' ? '' : `  ${place}:${lineNumber + 1}`}`;
}

function statementLines(statements: StatementCount[] | null): string[] {
  return (statements ?? []).slice(0, 20).map(({ query, calls, milliseconds }) => {
    const text = query.replaceAll(/\s+/g, ' ').trim().slice(0, 110);
    return `${milliseconds.toFixed(0).padStart(7)} ms ${String(calls).padStart(6)} calls ${(milliseconds / calls).toFixed(2).padStart(7)} ms each  ${text}`;
  });
}
