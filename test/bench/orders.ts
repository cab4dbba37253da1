import type { EventFigures } from './events.ts';

/** What the process of the engine has used. */
export interface Usage {
  /** Milliseconds of CPU since it began. */
  cpuMs: number;
  rssMb: number;
  /** The most memory it has ever had. */
  peakMb: number;
}

/** What the bench tells the process of the engine to do. */
export interface Orders {
  /** Opens the engine and starts its worker. */
  open(parameters: { url: string; concurrency: number }): Promise<void>;
  /**
   * Starts so many instances at once. Ends when every step has run; the last commits may be under way then.
   * With `awaited` somebody waits for each result, and it ends when all have theirs.
   */
  burst(parameters: { instances: number; awaited: boolean }): Promise<{ startedMs: number }>;
  /** Runs instances one after the other with pauses between; milliseconds from start() to result() of each. */
  latencies(parameters: {
    workflow: 'bench-sequence' | 'bench-parallel' | 'bench-fan-out';
    warmUp: number;
    samples: number;
  }): Promise<number[]>;
  /** Starts so many instances of steps that take `ms` milliseconds each, and note their keys in the file `ledger`, if it has a name. */
  slow(parameters: { instances: number; ms: number; ledger: string }): Promise<void>;
  /** Brings events and cancels to instances that wait. @param scale a part of what is measured as a rule, up to 1 */
  events(parameters: { scale: number; samples: number }): Promise<EventFigures>;
  /** Starts one instance that waits for an event, and one that waits for a timer too; their ids. */
  park(parameters: null): Promise<{ event: string; timer: string }>;
  usage(parameters: null): Promise<Usage>;
  /** Rests, collects garbage, and tells what is left. */
  rest(parameters: null): Promise<Usage>;
  /** Starts a CPU profile. */
  profile(parameters: null): Promise<void>;
  /** Ends it; the profile as JSON. */
  profiled(parameters: null): Promise<string>;
  close(parameters: null): Promise<void>;
}

export interface Request {
  id: number;
  order: keyof Orders;
  parameters: unknown;
}

export type Reply = { id: number; result: unknown } | { id: number; error: string };
