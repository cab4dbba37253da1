import { DurachartError } from '../core/error.ts';

/** How it goes with all workflows. */
export interface Overview {
  /** Oldest first; a bucket in which nothing happened is left out. */
  throughput: { at: Date; workflow: string; transitions: number; started: number; done: number }[];
  /** Length of a bucket. */
  bucketMs: number;
  /** Of instances that are failed now, most first. */
  failures: {
    workflow: string;
    errorCode: string | null;
    state: string;
    step: string | null;
    instances: number;
    lastAt: Date;
  }[];
  /** Of instances that are stuck now, most first. */
  stuck: { workflow: string; reason: string; instances: number; since: Date }[];
  /** Steps that run, or want to, in instances that somebody holds. */
  load: { workflow: string; step: string; queue: string | null; queued: number; running: number; retrying: number }[];
}

/** How it goes with one workflow. */
export interface WorkflowStatistics {
  steps: {
    step: string;
    count: number;
    done: number;
    failed: number;
    retries: number;
    p50Ms: number | null;
    p95Ms: number | null;
    p99Ms: number | null;
    /** How many of the done ones took from `fromMs` up to twice as long. */
    histogram: { fromMs: number; count: number }[];
  }[];
  states: { state: string; entered: number; exited: number; p50Ms: number | null; p95Ms: number | null }[];
  /** Of the instances that were started within the period; the newest first. */
  versions: { version: string; instances: number; active: number; failed: number; firstAt: Date; lastAt: Date }[];
  /** As the machine's definition has them; `taken` is null where the history cannot tell. */
  edges: { from: string | null; event: string; to: string; taken: number | null }[];
}

/** How far back statistics may look. */
export const PERIODS = { '1h': 3_600_000, '1d': 86_400_000, '7d': 604_800_000, '30d': 2_592_000_000 } as const;
export type Period = keyof typeof PERIODS;

/** @throws DurachartError `INVALID_OPTION` */
export function periodMs(period: Period = '1d'): number {
  if (!(period in PERIODS)) {
    throw new DurachartError('INVALID_OPTION', `A period is one of ${Object.keys(PERIODS).join(', ')}.`);
  }
  return PERIODS[period];
}

/** Buckets in a chart. */
const BUCKETS = 60;

/** Whole minutes, as the view counts them. */
export function bucketMs(period: number): number {
  return Math.max(60_000, Math.ceil(period / BUCKETS / 60_000) * 60_000);
}
