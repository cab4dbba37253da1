import { setup } from 'xstate';
import { defineStep, defineWorkflow } from '../../src/index.ts';
import { execute } from '../support/execute.ts';

/** A workflow of one step, which notes that it runs, and then lets nothing else of its process run for so many milliseconds. */
export function blockingWorkflow(url: string, hold: number) {
  const compute = defineStep<unknown, number>({
    run: async ({ instance, attempt }) => {
      await execute(
        url,
        `insert into public.runs (id, attempt, pid) values ('${instance.id}', ${attempt}, ${process.pid})`,
      );
      if (hold > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, hold);
      return process.pid;
    },
  });
  const machine = setup({ actors: { compute } }).createMachine({
    id: 'blocking',
    initial: 'A',
    states: { A: { invoke: { id: 'compute', src: 'compute', onDone: 'B' } }, B: { type: 'final' } },
  });
  return defineWorkflow({ machine });
}
