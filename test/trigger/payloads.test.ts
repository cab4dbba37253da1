import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { createLocalArtifacts, defineStep, defineWorkflow, type ArtifactStore } from '../../src/index.ts';
import { createTriggerClient } from '../../src/trigger.ts';
import { openLane, type Lane } from '../proof/lane.ts';
import { Platform } from './support/platform.ts';

const BIG = 700 * 1_024;

const grow = defineStep<string, string>({ run: ({ input }) => `${input[0]}`.repeat(BIG) });
const sum = defineStep<string, string>({
  transactional: true,
  run: async ({ input, tx, key }) => {
    await tx`insert into ledger values (${key})`;
    return input.toUpperCase();
  },
});
const tail = defineStep<string, string>({ inline: true, run: ({ input }) => `${input}!` });

const large = defineWorkflow({
  machine: setup({
    types: { input: {} as string, context: {} as { text: string } },
    actors: { grow, sum, tail },
  }).createMachine({
    id: 'large',
    context: ({ input }) => ({ text: input }),
    output: ({ context }) => context.text,
    initial: 'GIVEN',
    states: {
      GIVEN: {
        invoke: {
          src: 'grow',
          input: ({ context }) => context.text,
          onDone: { target: 'GROWN', actions: assign({ text: ({ event }) => event.output }) },
        },
      },
      GROWN: {
        invoke: {
          src: 'sum',
          input: ({ context }) => context.text,
          onDone: { target: 'SUMMED', actions: assign({ text: ({ event }) => event.output }) },
        },
      },
      SUMMED: {
        invoke: {
          src: 'tail',
          input: ({ context }) => context.text,
          onDone: { target: 'DONE', actions: assign({ text: ({ event }) => event.output }) },
        },
      },
      DONE: { type: 'final' },
    },
  }),
});

let lane: Lane;
let platform: Platform;
let folder: string;
let artifacts: ArtifactStore;
beforeAll(async () => {
  lane = await openLane();
  folder = await mkdtemp(join(tmpdir(), 'durachart-payloads-'));
  artifacts = createLocalArtifacts(folder);
  platform = await Platform.start(lane.database, { workflows: [[large]], artifacts });
});
afterAll(async () => {
  await platform.stop();
  await lane.close();
  await rm(folder, { recursive: true, force: true });
});

test('what is too large for a row goes by reference there, too, and runs carry none of it', async () => {
  platform.noFaults();
  const client = createTriggerClient({ database: lane.database.url, workflows: [large], artifacts });
  const { id } = await client.start('large', 'x'.repeat(BIG), { id: 'large' });
  expect(await client.result(id, { timeout: 20_000 })).toBe(`${'X'.repeat(BIG)}!`);
  await platform.host.idle();
  await client.stop();
  const runs = platform.host.all();
  expect(runs.map(({ taskId }) => taskId)).toContain('large.sum');
  for (const { payload, result, metadata } of runs)
    expect(JSON.stringify([payload, result, metadata]).length).toBeLessThan(2_000);
  const rows = await lane.sql<{ most: number }[]>`
    select greatest(length(s.input::text), length(s.output::text), length(i.snapshot::text), length(i.input::text)) as most
    from durachart.steps s join durachart.instances i on i.id = s.instance_id`;
  expect(rows).toHaveLength(3);
  expect(Math.max(...rows.map(({ most }) => most))).toBeLessThan(2_000);
  expect(await lane.sql`select from ledger`).toHaveLength(1);
});
