import { assign, setup } from 'xstate';
import { expect, test } from 'vitest';
import { defineStep, defineWorkflow, forEach } from '../../../src/index.ts';
import { useBench } from '../../support/engine.ts';

const bench = useBench();
const MANY = 10_000;

interface Sizes {
  snapshot: number;
  live: number;
  row: number;
}

/** How large the instance's row and the fan-out's are now, in bytes. */
async function sizes(id: string): Promise<Sizes> {
  const [row] = await bench.sql<Sizes[]>`
    select octet_length(i.snapshot::text) as snapshot, json_array_length(i.live) as live, octet_length(to_json(s)::text) as row
    from durachart.instances i join durachart.steps s on s.instance_id = i.id and s.kind = 'fan-out' where i.id = ${id}`;
  return row as Sizes;
}

test(
  'ten thousand items leave snapshot, live invocations and the row of the fan-out as small as a few do',
  { timeout: 60_000 },
  async () => {
    const seen: Promise<Sizes>[] = [];
    const triple = defineStep<number, number>({
      run: ({ input, instance: { id } }) => {
        if (input % 2_500 === 60) seen.push(sizes(id));
        return 3 * input;
      },
    });
    const machine = setup({
      types: {} as { context: { sum: number; ended: number }; input: { items: number[] } },
      actors: { triples: forEach(triple, { concurrency: 20 }) },
    }).createMachine({
      id: 'many',
      context: { sum: 0, ended: 0 },
      output: ({ context }) => context,
      initial: 'BEGUN',
      states: {
        BEGUN: {
          invoke: {
            id: 'triples',
            src: 'triples',
            // Of the event, so that the context never has them.
            input: ({ event }) => (event as unknown as { input: { items: number[] } }).input.items,
            onDone: {
              target: 'DONE',
              actions: assign({
                sum: ({ event }) => event.output.results.reduce((sum, { output }) => sum + output, 0),
                ended: ({ event }) => event.output.results.filter(({ index, output }) => output === 3 * index).length,
              }),
            },
          },
        },
        DONE: { type: 'final' },
      },
    });
    const engine = await bench.worker([defineWorkflow({ machine })], { concurrency: 20 });
    const items = Array.from({ length: MANY }, (_, n) => n);
    const { id } = await engine.start('many', { items });
    const sum = (3 * MANY * (MANY - 1)) / 2;
    expect(await engine.result(id, { timeout: 50_000 })).toEqual({ sum, ended: MANY });
    const inTheMiddle = await Promise.all(seen);
    expect(inTheMiddle).toHaveLength(MANY / 2_500);
    const [first] = inTheMiddle as [Sizes];
    for (const { snapshot, live, row } of inTheMiddle) {
      expect(snapshot).toBe(first.snapshot);
      expect(live).toBeLessThanOrEqual(21);
      expect(row - first.row).toBeLessThan(40);
    }
    const ended = await sizes(id);
    expect(ended.row - first.row).toBeLessThan(200);
    expect((await engine.history(id)).items.map(({ to }) => to)).toEqual(['BEGUN', 'DONE']);
  },
);
