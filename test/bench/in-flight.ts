import { setTimeout as sleep } from 'node:timers/promises';
import type { Cleanup } from './cleanup.ts';
import { EngineProcess } from './engine-process.ts';
import type { BenchDatabase } from './server.ts';

/** Instances under way at a time, each with a step that runs. */
export const IN_FLIGHT = 10_000;

/** Memory of the engine's process with many instances in flight, in MB. */
export interface InFlight {
  /** The most it had. */
  peakMb: number;
  /** With its garbage collected, all of them in flight. */
  heldMb: number;
}

export async function measureInFlight(database: BenchDatabase, cleanup: Cleanup): Promise<InFlight> {
  const engine = await EngineProcess.open(database.url, IN_FLIGHT, cleanup);
  await engine.order('slow', { instances: IN_FLIGHT, ms: 600_000, ledger: '' });
  // Their first steps have begun when their commits are stored.
  await sleep(1_000);
  const { peakMb } = await engine.order('usage', null);
  const { rssMb } = await engine.order('rest', null);
  await engine.kill();
  return { peakMb, heldMb: rssMb };
}
