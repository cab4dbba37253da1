import { afterAll, beforeAll, expect, test } from 'vitest';
import { setup } from 'xstate';
import { DRIVER } from '../../src/executors/trigger/names.ts';
import { defineStep, defineWorkflow, type StepOptions } from '../../src/index.ts';
import type { StartOptions } from '../../src/engine/api.ts';
import { createTriggerClient } from '../../src/trigger.ts';
import { openLane, type Lane } from '../proof/lane.ts';
import { eventually } from '../support/engine.ts';
import { HeldStep, oneStep } from '../support/machines.ts';
import type { Run } from '../support/trigger-host/run.ts';
import { Platform } from './support/platform.ts';

/** What runs are asked for with: where they stand in which queue. */
const keyed = (options: StepOptions) =>
  defineStep<string, null>({ ...options, concurrency: 2, concurrencyKey: (input) => input, run: () => null });
const work = defineStep<unknown, null>({ concurrency: 2, run: () => null });
const held = new HeldStep();

const both = defineWorkflow({
  machine: setup({
    types: {} as { context: object; events: { type: 'GO' } },
    actors: { work: held.step({ concurrency: 2, concurrencyKey: (input) => input as string }) },
  }).createMachine({
    id: 'both',
    context: {},
    initial: 'TWO',
    states: {
      TWO: {
        type: 'parallel',
        onDone: 'WAITING',
        states: {
          a: {
            initial: 'run',
            states: {
              run: { invoke: { id: 'a', src: 'work', input: 'left', onDone: 'done' } },
              done: { type: 'final' },
            },
          },
          b: {
            initial: 'run',
            states: {
              run: { invoke: { id: 'b', src: 'work', input: 'right', onDone: 'done' } },
              done: { type: 'final' },
            },
          },
        },
      },
      WAITING: { after: { 3_600_000: 'DONE' }, on: { GO: 'DONE' } },
      DONE: { type: 'final' },
    },
  }),
});
const all = [
  oneStep('keyed', keyed({})),
  oneStep('sharing', keyed({ queue: 'shared' })),
  oneStep('plain', work),
  both,
] as const;

let lane: Lane;
let platform: Platform;
let client: ReturnType<typeof createTriggerClient<typeof all>>;
beforeAll(async () => {
  lane = await openLane();
  platform = await Platform.start(lane.database, { workflows: [all], queues: { shared: 3 } });
  client = createTriggerClient({
    database: lane.database.url,
    workflows: all,
    artifacts: undefined as never,
    onFault: () => {},
  });
});
afterAll(async () => {
  await client.stop();
  await platform.stop();
  await lane.close();
});

const runsOf = (id: string): Run[] => platform.host.all().filter(({ tags }) => tags.includes(`instance:${id}`));
const stepsOf = (id: string): Run[] => runsOf(id).filter(({ taskId }) => taskId !== DRIVER);
async function ended(workflow: 'keyed' | 'sharing' | 'plain', input: string): Promise<Run | undefined> {
  const { id } = await client.start(workflow, input);
  await client.result(id, { timeout: 10_000 });
  return stepsOf(id)[0];
}

/** An instance that has been through both steps, and waits for GO or an hour. */
async function waits(options: StartOptions = {}): Promise<string> {
  const before = held.calls.length;
  const { id } = await client.start('both', undefined as never, options);
  await held.called(before + 2);
  // Nobody has the instance when they end.
  await eventually(() => runsOf(id).some(({ taskId, status }) => taskId === DRIVER && status === 'COMPLETED'));
  for (const call of [1, 2]) held.release(before + call);
  await eventually(() => runsOf(id).some(({ status }) => status === 'DELAYED'));
  await platform.host.idle();
  return id;
}

test('the key goes along, in characters that the names of queues may have', async () => {
  expect((await ended('keyed', 'acme_1'))?.options.concurrencyKey).toBe('acme_1');
  const keys = await Promise.all(
    ['a:b', 'a:c', '*', 'x'.repeat(128)].map(async (key) => (await ended('keyed', key))?.options.concurrencyKey),
  );
  for (const key of keys) expect(key).toMatch(/^[\w-]{1,100}$/);
  expect(new Set(keys).size).toBe(4);
  const id = await waits();
  expect(stepsOf(id).map(({ options }) => options.concurrencyKey)).toEqual(['left', 'right']);
});

test('a step without a key has none, nor has one in a queue that it shares', async () => {
  expect((await ended('plain', 'a'))?.options.concurrencyKey).toBeUndefined();
  const sharing = await ended('sharing', 'a');
  expect(sharing?.options.concurrencyKey).toBeUndefined();
  expect(sharing?.queue.name).toBe('shared');
});

test('each run stands a minute ahead for each level of priority, whoever triggers it', async () => {
  const id = await waits({ priority: 8 });
  platform.host.unreachable = true;
  await client.send(id, { type: 'GO' });
  platform.host.unreachable = false;
  await platform.sweep();
  await client.result(id, { timeout: 10_000 });
  const runs = runsOf(id);
  for (const why of ['asked from outside', '1:', 'timer', 'sweep'])
    expect(runs.some(({ payload }) => payload.includes(`"why":"${why}`))).toBe(true);
  expect(new Set(runs.map(({ options }) => options.priority))).toEqual(new Set([480]));
  const { id: low } = await client.start('plain', 'a', { priority: 0 });
  await client.result(low, { timeout: 10_000 });
  expect(new Set(runsOf(low).map(({ options }) => options.priority))).toEqual(new Set([0]));
});
