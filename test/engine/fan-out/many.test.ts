import { expect, test } from 'vitest';
import { defineStep } from '../../../src/index.ts';
import { newArtifacts } from '../../support/artifacts.ts';
import { useBench } from '../../support/engine.ts';
import { fansOut } from './support.ts';

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
  'ten thousand items leave snapshot, live invocations and the row of the fan-out as small as a hundred do',
  { timeout: 60_000 },
  async () => {
    const seen: Promise<Sizes>[] = [];
    let id = '';
    const step = defineStep<number, number>({
      run: ({ input }) => {
        if (input % 2_500 === 60) seen.push(sizes(id));
        return input;
      },
    });
    const { store: artifacts } = await newArtifacts();
    const engine = await bench.worker([fansOut('many', step, { concurrency: 20 })], { concurrency: 20, artifacts });
    id = 'of-many';
    const items = Array.from({ length: MANY }, (_, n) => n);
    await engine.start('many', { items }, { id });
    const output = await engine.result(id, { timeout: 30_000 });
    expect(output).toMatchObject({ total: MANY, done: MANY, failed: 0, skipped: 0 });
    const inTheMiddle = await Promise.all(seen);
    expect(inTheMiddle).toHaveLength(4);
    const [first] = inTheMiddle as [Sizes];
    for (const { snapshot, live, row } of inTheMiddle) {
      expect(snapshot).toBe(first.snapshot);
      expect(live).toBeLessThanOrEqual(21);
      expect(row - first.row).toBeLessThan(40);
    }
    const [{ count }] =
      (await bench.sql`select count(*)::int as count from durachart.transitions where instance_id = ${id}`) as unknown as [
        { count: number },
      ];
    expect(count).toBe(2);
  },
);
