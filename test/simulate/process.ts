import { assembleEngine } from '../../src/engine/create.ts';
import type { Engine } from '../../src/engine/api.ts';
import { localExecutor } from '../../src/executors/local.ts';
import type { Workflow } from '../../src/index.ts';
import { LANES } from '../../src/store/database.ts';
import { isTransient } from '../../src/store/transient.ts';
import type { Wire } from './store.ts';

/** The engine of one simulated process. @param broken told of what the engine itself has failed at */
export function assembleProcess(options: {
  wire: Wire;
  workflow: Workflow;
  recordOf: (id: string) => unknown;
  random: () => number;
  deadAfter: number;
  broken: (error: unknown) => void;
}): Engine & { kill(): Promise<void> } {
  const { wire, workflow, recordOf, random, deadAfter, broken } = options;
  return assembleEngine({
    workflows: [workflow],
    store: wire.store(),
    reader: wire.reader(recordOf),
    operations: {} as never,
    retention: {} as never,
    // Programs publish nothing.
    events: { undelivered: async () => [] } as never,
    schedules: { sync: async () => {} } as never,
    executor: localExecutor,
    artifacts: undefined as never,
    close: async () => {},
    isTransient,
    lanes: LANES,
    clock: wire.clock,
    random,
    deadAfter,
    onFault: (message, error) => {
      if (message.startsWith('the engine itself')) broken(error);
    },
  }) as unknown as Engine & { kill(): Promise<void> };
}
