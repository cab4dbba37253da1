import { afterAll, beforeAll, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { defineStep, defineWorkflow, forEach } from '../../src/index.ts';
import type { ExportDocument } from '../../src/engine/operations/instance-rows.ts';
import { seeded } from '../proof/random.ts';
import { eventually } from '../support/engine.ts';
import { startServer, type TestServer } from './support/server.ts';

// SEED=… repeats a run.
const SEED = Number(process.env['SEED'] ?? 20_261_201);
const RUNS = Number(process.env['RUNS'] ?? 300);

const double = defineStep({ run: async ({ input }) => Number(input) * 2 });
const fails = defineStep({
  retry: { maxAttempts: 1 },
  run: async () => Promise.reject(new Error('no', { cause: new Error('why') })),
});

/** Regions, a history, a fan-out, timers, a child, an error in the context, and what is undefined. */
const rich = defineWorkflow({
  name: 'rich',
  machine: setup({
    types: {} as {
      context: { sums: unknown; gone?: unknown; failure?: unknown };
      events: { type: 'GO'; value?: unknown } | { type: 'BACK' };
    },
    actors: { doubles: forEach(double), fails },
  }).createMachine({
    context: { sums: [], gone: undefined },
    type: 'parallel',
    states: {
      a: {
        initial: 'one',
        states: {
          one: { on: { GO: 'two' }, after: { 3_600_000: 'two' } },
          two: {
            invoke: {
              id: 'doubles',
              src: 'doubles',
              input: { items: [1, 2, 3] },
              onDone: { target: 'three', actions: assign({ sums: ({ event }) => event.output }) },
            },
          },
          three: { on: { BACK: '#rich.b.there' } },
          last: { type: 'history' },
        },
      },
      b: {
        id: 'b',
        initial: 'here',
        states: {
          here: { on: { GO: { target: 'there', actions: assign({ gone: ({ event }) => event.value }) } } },
          there: {
            invoke: {
              id: 'fails',
              src: 'fails',
              onError: { actions: assign({ failure: ({ event }) => event.error }) },
            },
          },
        },
      },
    },
    id: 'rich',
  }),
});

let server: TestServer;
let document: ExportDocument;
beforeAll(async () => {
  server = await startServer({ workflows: [rich] });
  await server.engine.start('rich' as never, undefined as never, { id: 'source' });
  await server.engine.send('source', { type: 'GO', value: { deep: [1, undefined, 'x'] } } as never);
  await eventually(async () => {
    const { context } = await server.engine.get('source');
    return context?.['failure'] !== undefined && !Array.isArray(context['sums']);
  });
  document = await server.json<ExportDocument>(200, 'GET', '/instances/source/export');
}, 60_000);
afterAll(async () => server.close());

test('a history whose parts are not those of a snapshot is refused, and says where', async () => {
  const copy = structuredClone(document);
  const [first] = copy.transitions;
  for (const [name, value] of Object.entries({
    context: null,
    value: 7,
    children: [],
    regions: [7],
    cleared: ['context'],
  })) {
    Object.assign(copy.transitions, [{ ...first, diff: { ...first?.diff, [name]: value } }]);
    const problem = await server.problem(422, 'POST', '/instances/import', { json: { document: copy } });
    expect(problem).toMatchObject({ code: 'INVALID_EXPORT' });
    expect(problem.detail).toContain(`transitions[0].diff.${name}`);
  }
});

/** Nests something 3,000 levels deep, which is more than a parser of ours is to follow. */
const deep = (): unknown => JSON.parse('['.repeat(3_000) + ']'.repeat(3_000));
const STRANGE: readonly (() => unknown)[] = [
  () => null,
  () => '',
  () => 'x'.repeat(20_000),
  () => '\u0000',
  () => '\ud800',
  () => -1,
  () => 1e300,
  () => 2 ** 53,
  () => 0.5,
  () => true,
  () => [],
  () => [null],
  () => ({}),
  () => ({ __proto__: null, constructor: { prototype: 1 } }),
  () => ({ $durachart: 'payload', size: 1, sha256: 'a'.repeat(64), key: '../../etc/passwd', link: 'x' }),
  () => ({ $durachart: { undefined: [['a', -1]] } }),
  () => ({ durachart$error: 1, name: 1, cause: [] }),
  deep,
];

const again = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

/** Changes one to three places of a copy. */
function mutated(random: () => number): unknown {
  const copy = structuredClone(document) as unknown;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  for (let n = 1 + Math.floor(random() * 3); n > 0; n--) {
    const places: [Record<string, unknown>, string][] = [];
    const walk = (value: unknown, depth = 0): void => {
      if (typeof value !== 'object' || value === null || depth > 20) return;
      for (const key of Object.keys(value)) {
        places.push([value as Record<string, unknown>, key]);
        walk((value as Record<string, unknown>)[key], depth + 1);
      }
    };
    walk(copy);
    const [at, key] = pick(places);
    const how = random();
    if (how < 0.15) delete at[key];
    else if (how < 0.3) [at[key]] = [again(pick(places)[0])];
    else if (how < 0.4 && Array.isArray(at)) at.push(again(at[Number(key)]));
    else at[key] = pick(STRANGE)();
  }
  return copy;
}

test(
  `${RUNS} exports that were tampered with are imported or refused, and what was imported can be looked at`,
  { timeout: 300_000 },
  async () => {
    const random = seeded(SEED);
    const seen: Record<number, number> = {};
    const call = async (method: string, path: string, json?: unknown): Promise<number> => {
      const response = await server.call(method, path, json === undefined ? {} : { json });
      const body = await response.text();
      // A value that is not in the artifact store is a 503, and says so.
      if (response.status < 500 || body.includes('PAYLOAD_UNREADABLE')) return response.status;
      throw new Error(`${method} ${path}: ${response.status} ${body}`);
    };
    for (let run = 0; run < RUNS; run++) {
      const id = `copy-${run}`;
      const copy = mutated(random);
      try {
        const status = await call('POST', '/instances/import', { document: copy, id });
        seen[status] = (seen[status] ?? 0) + 1;
        if (status !== 200) continue;
        const paths = ['', '/history', '/explain', '/steps', '/export', '/snapshots/1', '/snapshots/3'];
        for (const path of paths) await call('GET', `/instances/${id}${path}`);
        await call('GET', '/instances?limit=5');
        for (const [operation, body] of [
          ['rewind', { to: 2 }],
          ['edit', { patch: [{ op: 'add', path: '/x', value: 1 }] }],
          ['fork', { from: 2 }],
          ['resume', {}],
        ] as const)
          await call('POST', `/instances/${id}/${operation}`, body);
      } catch (error) {
        throw new Error(`SEED=${SEED}, run ${run}: ${String(error)}\n${JSON.stringify(copy).slice(0, 20_000)}`, {
          cause: error,
        });
      }
    }
    console.log('answers', seen);
    expect(seen[200]).toBeGreaterThan(RUNS / 20);
    expect(seen[422]).toBeGreaterThan(RUNS / 20);
  },
);
