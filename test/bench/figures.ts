import { availableParallelism, cpus, loadavg } from 'node:os';
import type { BenchOptions } from './options.ts';
import { EVENTS, type EventFigures } from './events.ts';
import type { InFlight } from './in-flight.ts';
import type { Filled } from './parked.ts';
import type { Probe } from './probe.ts';
import type { BurstKind, ComparedBurst, Round } from './round.ts';
import type { BenchServer } from './server.ts';
import { STEPS } from './machines.ts';
import { median, quantile, round, spread, type Spread } from './statistics.ts';

/** Everything that was measured. */
export interface Results {
  options: BenchOptions;
  server: BenchServer;
  probe: Probe;
  /** What made the baseline. */
  baseline: string;
  rounds: Round[];
  inFlight: InFlight | null;
  parked: { filled: Filled; round: Round } | null;
  seconds: number;
}

/** The JSON object: medians over the rounds. A key with `_warm` is of the second burst of a process, without it of the first. */
export type Figures = ReturnType<typeof figuresOf>;

export function figuresOf(results: Results) {
  const { rounds, parked } = results;
  const cold = ofKind(rounds, 'cold');
  const warm = ofKind(rounds, 'warm');
  const awaited = ofKind(rounds, 'awaited');
  const idle = rounds.flatMap((one) => one.idle);
  const parallel = rounds.flatMap((one) => one.parallel);
  const fanOut = rounds.flatMap((one) => one.fanOut);
  const restarts = rounds.flatMap((one) => one.restart ?? []);
  const single = median(rounds.flatMap((one) => one.single?.latencyMs ?? []));
  const of = (bursts: ComparedBurst[], figure: (burst: ComparedBurst) => number | null, digits = 2) =>
    rounded(spread(bursts.map(figure)), digits);
  const ratio = of(cold, (burst) => burst.ratio);
  const ratioWarm = of(warm, (burst) => burst.ratio);
  const statements = (burst: ComparedBurst): number | null => burst.statementsPerInstance;
  const idleRatio = spread(rounds.map((one) => quantile(one.idle, 0.5) / ((one.single?.latencyMs ?? NaN) * STEPS)));
  return {
    burst_ratio: ratio?.median ?? null,
    burst_ratio_warm: ratioWarm?.median ?? null,
    idle_ms: round(quantile(idle, 0.5)),
    parallel_ms: round(quantile(parallel, 0.5)),
    statements_per_10_steps: of(cold, statements)?.median ?? null,
    cpu_ms_per_step: of(cold, cpu, 3)?.median ?? null,
    wal_kb_per_10_steps: of(cold, (burst) => burst.walKbPerInstance)?.median ?? null,

    burst_ratio_range: range(ratio),
    burst_ratio_warm_range: range(ratioWarm),
    burst_ratio_awaited: of(awaited, (burst) => burst.ratio)?.median ?? null,
    burst_ratio_awaited_range: range(of(awaited, (burst) => burst.ratio)),
    statements_per_10_steps_awaited: of(awaited, statements)?.median ?? null,
    cpu_ms_per_step_awaited: of(awaited, cpu, 3)?.median ?? null,
    bursts: rounds.map(({ bursts }) => bursts.map(inShort)),
    burst_steps_per_second: of(cold, (burst) => burst.stepsPerSecond, 0)?.median ?? null,
    burst_steps_per_second_warm: of(warm, (burst) => burst.stepsPerSecond, 0)?.median ?? null,
    baseline_tps: round(median([...cold, ...warm].map((burst) => burst.baselineTps)), 0),
    baseline: results.baseline,
    baseline_kind: results.baseline.startsWith('node') ? 'node' : 'pgbench',
    statements_per_10_steps_warm: of(warm, statements)?.median ?? null,
    cpu_ms_per_step_warm: of(warm, cpu, 3)?.median ?? null,
    cpu_node_ms_per_step: of(cold, (burst) => burst.nodeCpuMsPerStep, 3)?.median ?? null,
    cpu_node_ms_per_step_warm: of(warm, (burst) => burst.nodeCpuMsPerStep, 3)?.median ?? null,
    cpu_postgres_ms_per_step: of(cold, (burst) => burst.serverCpuMsPerStep, 3)?.median ?? null,
    cpu_postgres_ms_per_step_warm: of(warm, (burst) => burst.serverCpuMsPerStep, 3)?.median ?? null,
    wal_kb_per_10_steps_warm: of(warm, (burst) => burst.walKbPerInstance)?.median ?? null,
    idle_p95_ms: round(quantile(idle, 0.95)),
    idle_samples: idle.length,
    idle_ms_by_round: rounds.map((one) => round(quantile(one.idle, 0.5))),
    idle_ratio: round(idleRatio?.median),
    baseline_single_ms: round(single, 3),
    parallel_p95_ms: round(quantile(parallel, 0.95)),
    parallel_samples: parallel.length,
    parallel_ms_by_round: rounds.map((one) => round(quantile(one.parallel, 0.5))),
    fan_out_ms: round(quantile(fanOut, 0.5)),
    fan_out_p95_ms: round(quantile(fanOut, 0.95)),
    fan_out_ms_by_round: rounds.map((one) => round(quantile(one.fanOut, 0.5))),
    ...eventFigures(rounds.flatMap((one) => one.events ?? [])),
    restart_seconds: round(median(restarts.map(({ seconds }) => seconds))),
    restart_ideal_seconds: round(median(restarts.map(({ ideal }) => ideal))),
    restart_repeated_steps: restarts.map(({ repeated }) => repeated),
    in_flight_peak_mb: round(results.inFlight?.peakMb, 0),
    in_flight_held_mb: round(results.inFlight?.heldMb, 0),
    memory_rest_mb: round(median(rounds.map((one) => one.restMb)), 0),
    memory_peak_mb: round(Math.max(...[...cold, ...warm].map(({ peakMb }) => peakMb)), 0),
    memory_after_mb: round(median(rounds.map((one) => one.afterMb)), 0),
    parked: parked && parkedFigures(parked),
    environment: {
      node: process.versions.node,
      postgres: results.probe.version,
      server: results.server.label,
      settings: results.probe.settings,
      cores: availableParallelism(),
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      load: round(loadavg()[0]),
      platform: `${process.platform} ${process.arch}`,
    },
    rounds: rounds.length,
    instances: results.options.instances,
    seconds: round(results.seconds, 0),
    not_measured: results.probe.missing,
  };
}

function eventFigures(events: readonly EventFigures[]) {
  const of = (figure: (one: EventFigures) => number): number | null => round(median(events.map(figure)));
  const parked = events.flatMap((one) => one.parked);
  return {
    events_per_second: round(median(events.map((one) => (EVENTS.instances * 1_000) / one.sendMs)), 0),
    events_per_second_to_one: round(median(events.map((one) => (EVENTS.toOne * 1_000) / one.toOneSendMs)), 0),
    events_send_ratio: of((one) => one.sendMs / one.startMs),
    events_p99_ms: of((one) => one.sendP99Ms),
    events_end_ms: of((one) => one.endMs),
    events_to_one_end_ms: of((one) => one.toOneEndMs),
    event_parked_ms: round(quantile(parked, 0.5)),
    event_parked_p95_ms: round(quantile(parked, 0.95)),
    cancel_seconds: of((one) => one.cancelMs / 1_000),
  };
}

function parkedFigures({ filled, round: one }: { filled: Filled; round: Round }) {
  return {
    instances: filled.rows,
    finished: filled.finished,
    filled_seconds: round(filled.seconds, 0),
    table_mb: round(filled.megabytes, 0),
    burst_ratio: round(one.bursts[0]?.ratio),
    burst_ratio_warm: round(median(ofKind([one], 'warm').map(({ ratio }) => ratio))),
    idle_ms: round(quantile(one.idle, 0.5)),
    memory_rest_mb: round(one.restMb, 0),
    memory_peak_mb: round(Math.max(...one.bursts.slice(0, 2).map(({ peakMb }) => peakMb)), 0),
    memory_after_mb: round(one.afterMb, 0),
  };
}

/** CPU a step of node and Postgres together; null where Postgres's is not known. */
function cpu(burst: ComparedBurst): number | null {
  return burst.serverCpuMsPerStep === null ? null : burst.nodeCpuMsPerStep + burst.serverCpuMsPerStep;
}

function ofKind(rounds: readonly Round[], kind: BurstKind): ComparedBurst[] {
  return rounds.flatMap(({ bursts }) => bursts.filter((burst) => burst.kind === kind));
}

function inShort(burst: ComparedBurst) {
  return {
    kind: burst.kind,
    ratio: round(burst.ratio),
    steps_per_second: round(burst.stepsPerSecond, 0),
    baseline_tps: round(burst.baselineTps, 0),
    start_seconds: round(burst.startedSeconds),
    seconds: round(burst.seconds),
  };
}

function rounded(value: Spread | null, digits: number): Spread | null {
  if (value === null) return null;
  const to = (number: number): number => round(number, digits) ?? NaN;
  return { median: to(value.median), min: to(value.min), max: to(value.max) };
}

function range(value: Spread | null): [number, number] | null {
  return value && [value.min, value.max];
}
