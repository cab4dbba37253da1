import type { Figures, Results } from './figures.ts';
import { CLIENTS } from './round.ts';
import { tables, type Line } from './table.ts';

/** The figures as a table for people. */
export function report(results: Results, figures: Figures): string {
  const { environment: e } = figures;
  const n = figures.instances.toLocaleString('en');
  const head = [
    `durachart bench: ${figures.rounds === 1 ? '1 round' : `${figures.rounds} rounds`}, each with a fresh database and a fresh engine process, in ${figures.seconds} s`,
    `  on        node ${e.node}, Postgres ${e.postgres} (${e.server}; ${e.settings}), ${e.cores} cores, ${e.cpu}, ${e.platform}, load ${e.load}`,
    `  baseline  ${figures.baseline}: one transaction of 2 statements a transition (update of a row with a 1 KB snapshot,`,
    `            insert of a row of history), ${CLIENTS} clients, same database, before and after each burst: ${figures.baseline_tps} a second`,
    `  burst     ${n} instances × 10 no-op steps in sequence, 1 KB context, started at once by the process that runs them;`,
    `            until the database shows the last as done. Cold: process, plans and database are new. Warm: the second one.`,
    ...(figures.baseline_kind === 'node'
      ? [
          '  pgbench is not installed: this baseline spends its time in node, and ratios come out about twice as high as with pgbench.',
        ]
      : []),
    `  Ratios count; absolute figures are of this machine at this hour.`,
  ];
  const sections: [string, Line[]][] = [
    ['Speed', speed(figures)],
    ['Events and operations', events(figures)],
    ['Cost in a burst', cost(figures)],
    ['Memory of the engine process', memory(figures)],
    ...(figures.parked === null
      ? []
      : [
          [
            `Beside ${figures.parked.instances.toLocaleString('en')} parked and ${figures.parked.finished.toLocaleString('en')} finished instances`,
            parked(figures),
          ] as [string, Line[]],
        ]),
  ];
  const skipped = [
    ...figures.not_measured,
    ...(results.parked === null ? ['parked instances: left out (--no-parked)'] : []),
  ];
  return [...head, ...tables(sections), ...skipped.map((line) => `\nNot measured: ${line}`)].join('\n');
}

function speed(f: Figures): Line[] {
  return [
    {
      what: 'burst, cold: steps/s ÷ baseline',
      figure: show(f.burst_ratio),
      note: `${between(f.burst_ratio_range)}; ${show(f.burst_steps_per_second)} steps/s`,
      aim: '≥ 1.5',
    },
    {
      what: 'burst, warm: steps/s ÷ baseline',
      figure: show(f.burst_ratio_warm),
      note: `${between(f.burst_ratio_warm_range)}; ${show(f.burst_steps_per_second_warm)} steps/s`,
      aim: '≥ 2.0',
    },
    {
      what: '  warm, result() awaited for each',
      figure: show(f.burst_ratio_awaited),
      note: `${between(f.burst_ratio_awaited_range)}; ${show(f.statements_per_10_steps_awaited)} statements, CPU ${show(f.cpu_ms_per_step_awaited)} ms a step`,
      aim: '',
    },
    {
      what: 'one instance of 10 steps at idle, p50',
      figure: `${show(f.idle_ms)} ms`,
      note: `best round ${best(f.idle_ms_by_round)} ms, p95 ${show(f.idle_p95_ms)} ms; ${f.idle_samples} samples, start() to result()`,
      aim: '≤ 10 ms',
    },
    {
      what: '  ÷ 10 transactions of one client',
      figure: show(f.idle_ratio),
      note: `baseline, 1 client: ${show(f.baseline_single_ms)} ms each`,
      aim: '',
    },
    {
      what: '100 regions with a step each, and the join, p50',
      figure: `${show(f.parallel_ms)} ms`,
      note: `best round ${best(f.parallel_ms_by_round)} ms, p95 ${show(f.parallel_p95_ms)} ms; ${f.parallel_samples} samples`,
      aim: '',
    },
    {
      what: 'fan-out of 100 steps and the join, p50',
      figure: `${show(f.fan_out_ms)} ms`,
      note: `best round ${best(f.fan_out_ms_by_round)} ms, p95 ${show(f.fan_out_p95_ms)} ms`,
      aim: '≤ 15 ms',
    },
    {
      what: 'done after kill -9 at 40 % of 200 × 10 × 50 ms',
      figure: `${show(f.restart_seconds)} s`,
      note: `ideal ${show(f.restart_ideal_seconds)} s; begun twice: ${f.restart_repeated_steps.join(', ')} of 50 in flight`,
      aim: '≤ 2 s',
    },
  ];
}

function events(f: Figures): Line[] {
  return [
    {
      what: '1,000 waiting instances sent an event at once',
      figure: `${show(f.events_per_second)} a second`,
      note: `${show(f.events_send_ratio)} of the time that their starts took; ended after ${show(f.events_end_ms)} ms`,
      aim: '≥ 5,000',
    },
    { what: '  send() of each, p99', figure: `${show(f.events_p99_ms)} ms`, note: '', aim: '≤ 300 ms' },
    {
      what: '5,000 events to one instance',
      figure: `${show(f.events_per_second_to_one)} a second`,
      note: `all taken after ${show(f.events_to_one_end_ms)} ms`,
      aim: '',
    },
    {
      what: 'one parked instance, send() to result(), p50',
      figure: `${show(f.event_parked_ms)} ms`,
      note: `p95 ${show(f.event_parked_p95_ms)} ms`,
      aim: '≤ 8 ms',
    },
    { what: '10,000 instances cancelled in bulk', figure: `${show(f.cancel_seconds)} s`, note: '', aim: '≤ 5 s' },
  ];
}

function cost(f: Figures): Line[] {
  return [
    {
      what: 'client statements for 10 steps',
      figure: show(f.statements_per_10_steps),
      note: `warm ${show(f.statements_per_10_steps_warm)}`,
      aim: '≤ 2',
    },
    {
      what: 'WAL for 10 steps',
      figure: `${show(f.wal_kb_per_10_steps)} KB`,
      note: `warm ${show(f.wal_kb_per_10_steps_warm)} KB`,
      aim: '≤ 12 KB',
    },
    {
      what: 'CPU a step',
      figure: `${show(f.cpu_ms_per_step)} ms`,
      note: `node ${show(f.cpu_node_ms_per_step)} + Postgres ${show(f.cpu_postgres_ms_per_step)}`,
      aim: '≤ 0.25 ms',
    },
    {
      what: 'CPU a step, warm',
      figure: `${show(f.cpu_ms_per_step_warm)} ms`,
      note: `node ${show(f.cpu_node_ms_per_step_warm)} + Postgres ${show(f.cpu_postgres_ms_per_step_warm)}`,
      aim: '',
    },
  ];
}

function memory(f: Figures): Line[] {
  return [
    {
      what: 'at rest, before the first burst',
      figure: `${show(f.memory_rest_mb)} MB`,
      note: 'RSS, garbage collected',
      aim: '',
    },
    {
      what: 'peak, cold and warm burst',
      figure: `${show(f.memory_peak_mb)} MB`,
      note: `${f.instances.toLocaleString('en')} instances in flight`,
      aim: '',
    },
    {
      what: 'peak, 10,000 instances in flight',
      figure: `${show(f.in_flight_peak_mb)} MB`,
      note: `${show(f.in_flight_held_mb)} MB with its garbage collected`,
      aim: '≤ 500 MB',
    },
    {
      what: 'at rest, after everything',
      figure: `${show(f.memory_after_mb)} MB`,
      note: 'RSS, garbage collected',
      aim: '',
    },
  ];
}

function parked(f: Figures): Line[] {
  const p = f.parked;
  if (p === null) return [];
  const beside = (value: number | null): string => `without them ${show(value)}`;
  return [
    { what: 'memory at rest', figure: `${show(p.memory_rest_mb)} MB`, note: beside(f.memory_rest_mb), aim: 'the same' },
    {
      what: 'memory peak, two bursts',
      figure: `${show(p.memory_peak_mb)} MB`,
      note: beside(f.memory_peak_mb),
      aim: 'the same',
    },
    {
      what: 'burst, cold: steps/s ÷ baseline',
      figure: show(p.burst_ratio),
      note: beside(f.burst_ratio),
      aim: 'within 10 %',
    },
    {
      what: 'burst, warm: steps/s ÷ baseline',
      figure: show(p.burst_ratio_warm),
      note: beside(f.burst_ratio_warm),
      aim: 'within 10 %',
    },
    {
      what: 'one instance of 10 steps at idle, p50',
      figure: `${show(p.idle_ms)} ms`,
      note: beside(f.idle_ms),
      aim: '',
    },
    {
      what: 'their rows',
      figure: `${show(p.table_mb)} MB`,
      note: `copies of two rows that an engine parked, made in ${show(p.filled_seconds)} s`,
      aim: '',
    },
  ];
}

function show(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : String(value);
}

function best(values: readonly (number | null)[]): string {
  return String(Math.min(...values.filter((value) => value !== null)));
}

function between(range: [number, number] | null): string {
  return range === null ? '' : `${range[0]}–${range[1]}`;
}
