// The process that is measured: an engine with its worker, and nothing else. Told what to do by engine-process.ts.
import { Session } from 'node:inspector/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEngine } from '../../src/create-engine.ts';
import type { Engine } from '../../src/engine/api.ts';
import { measureEvents } from './events.ts';
import type { Orders, Reply, Request, Usage } from './orders.ts';
import { benchWorkflows, STEPS } from './machines.ts';

let stepsRun = 0;
let stepsWanted = Infinity;
let allRun: () => void = () => {};
const workflows = benchWorkflows(() => {
  if (++stepsRun >= stepsWanted) allRun();
});

let engine: Engine<typeof workflows> | undefined;
let profiler: Session | undefined;

const orders: Orders = {
  open: async ({ url, concurrency }) => {
    const artifacts = undefined as never; // No step here has any.
    engine = createEngine({ database: url, workflows, artifacts, concurrency });
    await engine.work();
  },
  burst: async ({ instances, awaited }) => {
    const current = opened();
    stepsRun = 0;
    stepsWanted = instances * STEPS;
    const ran = new Promise<void>((resolve) => (allRun = resolve));
    const began = performance.now();
    const ids = await Promise.all(
      Array.from({ length: instances }, async () => (await current.start('bench-sequence', {})).id),
    );
    const startedMs = performance.now() - began;
    if (awaited) await Promise.all(ids.map(async (id) => current.result(id, { timeout: 60_000 })));
    else await ran;
    return { startedMs };
  },
  latencies: async ({ workflow, warmUp, samples }) => {
    const current = opened();
    const latencies: number[] = [];
    for (let i = 0; i < warmUp + samples; i++) {
      // The engine has come to rest, and the pace is not that of any of its timers.
      await sleep(20 + Math.random() * 40);
      const began = performance.now();
      const { id } = await current.start(workflow, {});
      await current.result(id, { timeout: 30_000 });
      if (i >= warmUp) latencies.push(performance.now() - began);
    }
    return latencies;
  },
  slow: async ({ instances, ms, ledger }) => {
    const current = opened();
    await Promise.all(Array.from({ length: instances }, async () => current.start('bench-slow', { ms, ledger })));
  },
  events: async (parameters) =>
    measureEvents(opened() as Engine, { ...parameters, rest: async () => void (await sleep(150)) }),
  park: async () => {
    const current = opened();
    const event = await current.start('bench-wait', { timed: false });
    const timer = await current.start('bench-wait', { timed: true });
    return { event: event.id, timer: timer.id };
  },
  usage: async () => usage(),
  rest: async () => {
    await sleep(300);
    globalThis.gc?.();
    await sleep(200);
    return usage();
  },
  profile: async () => {
    profiler = new Session();
    profiler.connect();
    await profiler.post('Profiler.enable');
    await profiler.post('Profiler.setSamplingInterval', { interval: 200 });
    await profiler.post('Profiler.start');
  },
  profiled: async () => {
    const { profile } = (await profiler?.post('Profiler.stop')) ?? {};
    profiler?.disconnect();
    return JSON.stringify(profile);
  },
  close: async () => {
    await engine?.stop({ grace: 1_000 });
  },
};

function opened(): Engine<typeof workflows> {
  if (engine === undefined) throw new Error('The engine is not open.');
  return engine;
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return {
    cpuMs: (user + system) / 1000,
    rssMb: process.memoryUsage.rss() / 2 ** 20,
    peakMb: process.resourceUsage().maxRSS / 1024,
  };
}

process.on('message', (message: Request) => {
  const answer = (reply: Reply): void => void process.send?.(reply);
  const order = orders[message.order] as (parameters: unknown) => Promise<unknown>;
  order(message.parameters).then(
    (result) => answer({ id: message.id, result }),
    (error: unknown) =>
      answer({ id: message.id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
// The bench takes this process down itself; and without the bench there is nothing to do.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit());
