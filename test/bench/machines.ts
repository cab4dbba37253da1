import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { assign, fromPromise, setup } from 'xstate';
import { z } from 'zod';
import { defineStep, defineWorkflow, forEach } from '../../src/index.ts';

/** Steps of the sequential machine. */
export const STEPS = Number(process.env['BENCH_STEPS'] ?? 10);
/** Size of a context. */
const KB = Number(process.env['BENCH_PAYLOAD_KB'] ?? 1);
/** Regions of the parallel one, and items of the fan-out. */
export const REGIONS = 100;

/** About 1 KB as JSON, or so many: 25 digests, as in the rows of the baseline. */
export const ITEMS = Array.from({ length: 25 * KB }, (_, i) => createHash('md5').update(String(i)).digest('hex'));

/**
 * What is run: `bench-sequence`, 10 no-op steps one after the other with a context of about 1 KB, each result assigned;
 * `bench-parallel`, 100 regions with a no-op step each, and their join; `bench-fan-out`, one no-op step for each of 100 items;
 * `bench-slow`, 10 steps one after the other that take their time and note in a file that they have begun;
 * `bench-wait`, which is parked until an event comes (and counts others), or for 30 days too.
 * @param ran called by each step
 */
export function benchWorkflows(ran: () => void) {
  const noop = fromPromise<{ ok: boolean; i: number }, number>(async ({ input }) => {
    ran();
    return { ok: true, i: input };
  });
  return [sequence(noop), parallel(noop), fanOut(ran), slow(), wait()] as const;
}

type Noop = ReturnType<typeof fromPromise<{ ok: boolean; i: number }, number>>;

function sequence(noop: Noop) {
  const machine = setup({
    types: { context: {} as { items: string[]; n: number } },
    actors: { noop },
    actions: { count: assign({ n: ({ context }) => context.n + 1 }) },
  }).createMachine({
    id: 'bench-sequence',
    context: { items: ITEMS, n: 0 },
    initial: 's0',
    states: Object.fromEntries([
      ...Array.from({ length: STEPS }, (_, i) => [
        `s${i}`,
        { invoke: { id: 'step', src: 'noop', input: i, onDone: { target: `s${i + 1}`, actions: 'count' } } } as const,
      ]),
      [`s${STEPS}`, { type: 'final' } as const],
    ]),
  });
  return defineWorkflow({ machine, name: 'bench-sequence' });
}

function parallel(noop: Noop) {
  const region = (i: number) =>
    ({
      initial: 'run',
      states: { run: { invoke: { id: `step-${i}`, src: 'noop', input: i, onDone: 'end' } }, end: { type: 'final' } },
    }) as const;
  const machine = setup({ actors: { noop } }).createMachine({
    id: 'bench-parallel',
    type: 'parallel',
    states: Object.fromEntries(Array.from({ length: REGIONS }, (_, i) => [`r${i}`, region(i)])),
  });
  return defineWorkflow({ machine, name: 'bench-parallel' });
}

function fanOut(ran: () => void) {
  const each = forEach(
    fromPromise<{ ok: boolean; i: number }, number>(async ({ input }) => {
      ran();
      return { ok: true, i: input };
    }),
    { concurrency: REGIONS },
  );
  const machine = setup({ actors: { each } }).createMachine({
    id: 'bench-fan-out',
    initial: 'run',
    states: {
      run: {
        invoke: {
          id: 'each',
          src: 'each',
          input: { items: Array.from({ length: REGIONS }, (_, i) => i) },
          onDone: 'end',
        },
      },
      end: { type: 'final' },
    },
  });
  return defineWorkflow({ machine, name: 'bench-fan-out' });
}

function slow() {
  const linger = defineStep({
    input: z.object({ ms: z.number(), ledger: z.string() }),
    run: async ({ input, key }) => {
      if (input.ledger !== '') appendFileSync(input.ledger, `${key}\n`);
      await sleep(input.ms);
    },
  });
  const input = ({ context }: { context: { ms: number; ledger: string } }) => ({
    ms: context.ms,
    ledger: context.ledger,
  });
  const machine = setup({
    types: {} as {
      context: { items: string[]; ms: number; ledger: string };
      input: { ms: number; ledger: string };
    },
    actors: { linger },
  }).createMachine({
    id: 'bench-slow',
    context: ({ input: given }) => ({ items: ITEMS, ...given }),
    initial: 's0',
    states: Object.fromEntries([
      ...Array.from({ length: STEPS }, (_, i) => [
        `s${i}`,
        { invoke: { id: 'step', src: 'linger', input, onDone: `s${i + 1}` } } as const,
      ]),
      [`s${STEPS}`, { type: 'final' } as const],
    ]),
  });
  return defineWorkflow({ machine, name: 'bench-slow' });
}

function wait() {
  const machine = setup({
    types: {
      context: {} as { items: string[]; timed: boolean; said: number },
      input: {} as { timed: boolean },
      events: {} as { type: 'GO' } | { type: 'STAY' },
    },
    guards: { timed: ({ context }) => context.timed },
  }).createMachine({
    id: 'bench-wait',
    context: ({ input }) => ({ items: ITEMS, timed: input.timed, said: 0 }),
    initial: 'choose',
    states: {
      choose: { always: [{ guard: 'timed', target: 'later' }, { target: 'event' }] },
      later: { after: { 2_592_000_000: 'end' }, on: { GO: 'end' } },
      event: { on: { GO: 'end', STAY: { actions: assign({ said: ({ context }) => context.said + 1 }) } } },
      end: { type: 'final' },
    },
  });
  return defineWorkflow({ machine, name: 'bench-wait' });
}
