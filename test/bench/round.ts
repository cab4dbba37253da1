import { measureBurst, type Burst } from './burst.ts';
import type { Cleanup } from './cleanup.ts';
import { EngineProcess } from './engine-process.ts';
import type { EventFigures } from './events.ts';
import type { Probe } from './probe.ts';
import { measureRestart, type Restart } from './restart.ts';
import type { BenchDatabase } from './server.ts';
import { mean } from './statistics.ts';
import type { Baseline, BaselineRun } from './transition.ts';

/** Clients of the baseline. */
export const CLIENTS = 10;

/** What a round needs. */
export interface RoundParts {
  baseline: Baseline;
  probe: Probe;
  cleanup: Cleanup;
  instances: number;
  /** Of one run of the baseline. */
  seconds: number;
  idle: { warmUp: number; samples: number };
  parallel: { warmUp: number; samples: number };
  /** Null leaves that part out. */
  events: { scale: number; samples: number } | null;
  /** For files. */
  folder: string;
  log: (line: string) => void;
}

/**
 * The first burst is cold: process, connections, plans, database. The others are warm.
 * Awaited: warm, and somebody waits for each result.
 */
export type BurstKind = 'cold' | 'warm' | 'awaited';

/** A burst beside the baseline. */
export interface ComparedBurst extends Burst {
  kind: BurstKind;
  /** Mean of the runs before and after it. */
  baselineTps: number;
  ratio: number;
}

/** One fresh process on one database. */
export interface Round {
  bursts: ComparedBurst[];
  /** The baseline by one client, who waits for each commit: what a sequence of transitions takes at least. */
  single: BaselineRun | null;
  idle: number[];
  parallel: number[];
  fanOut: number[];
  events: EventFigures | null;
  restart: Restart | null;
  /** Memory of the engine's process: before the first burst, and after all with its garbage collected. */
  restMb: number;
  afterMb: number;
}

/**
 * Bursts with a run of the baseline before and after each, in the same database; then, if samples are asked for,
 * single instances at idle.
 */
export async function measureRound(
  parts: RoundParts,
  database: BenchDatabase,
  kinds: readonly BurstKind[],
): Promise<Round> {
  const { baseline, probe, cleanup, instances, seconds, log } = parts;
  const runBaseline = async (clients: number): Promise<BaselineRun> =>
    baseline.run(database.url, clients, seconds, cleanup.signal);
  const engine = await EngineProcess.open(database.url, instances, cleanup);
  const { rssMb: restMb } = await engine.order('rest', null);
  const round: Round = {
    bursts: [],
    single: null,
    idle: [],
    parallel: [],
    fanOut: [],
    events: null,
    restart: null,
    restMb,
    afterMb: 0,
  };
  await probe.checkpoint();
  let before = await runBaseline(CLIENTS);
  for (const kind of kinds) {
    const burst = await measureBurst(engine, database, probe, instances, kind === 'awaited');
    const after = await runBaseline(CLIENTS);
    const baselineTps = mean(before.tps, after.tps);
    const ratio = burst.stepsPerSecond / baselineTps;
    round.bursts.push({ ...burst, kind, baselineTps, ratio });
    log(
      `  burst, ${kind}: ${Math.round(burst.stepsPerSecond)} steps/s beside ${Math.round(baselineTps)} tps, ${ratio.toFixed(2)}`,
    );
    before = after;
  }
  if (parts.idle.samples > 0) {
    round.single = await runBaseline(1);
    round.idle = await engine.order('latencies', { workflow: 'bench-sequence', ...parts.idle });
    round.parallel = await engine.order('latencies', { workflow: 'bench-parallel', ...parts.parallel });
    round.fanOut = await engine.order('latencies', { workflow: 'bench-fan-out', ...parts.parallel });
  }
  if (parts.events !== null) {
    const figures = await engine.order('events', parts.events);
    round.events = figures;
    log(`  events: ${Math.round(figures.sendMs)} ms to send, p99 ${Math.round(figures.sendP99Ms)} ms`);
  }
  round.afterMb = (await engine.order('rest', null)).rssMb;
  await engine.close();
  round.restart = await measureRestart(database, parts.folder, cleanup);
  return round;
}
