import { setTimeout as sleep } from 'node:timers/promises';
import { PACE } from './workflows.ts';
import type { DurachartClient } from '../../../src/trigger.ts';
import type { Engine, InstanceView, Workflow } from '../../../src/index.ts';

type Client = DurachartClient<readonly Workflow[]>;

/** What a check is handed. */
export interface Bench {
  client: Client;
  /** The same machine on the local executor: its history, as lines. */
  local(workflow: string, input: unknown): Promise<string[]>;
  /** Statuses of the instance's runs on the platform, by task. */
  runs(id: string): Promise<{ id: string; status: string; taskIdentifier: string }[]>;
  cancelRun(id: string): Promise<void>;
  /** Longest time that anything may take here, in milliseconds. */
  patience: number;
}

export interface Check {
  name: string;
  /** Kills processes: not for the double. */
  kills?: true;
  /** Runs it; what it returns is the instance whose times are shown. @throws what is wrong */
  run(bench: Bench): Promise<string>;
}

/** Milliseconds between looks. */
const LOOK = 200;
const LIVE = ['QUEUED', 'DEQUEUED', 'EXECUTING', 'WAITING', 'DELAYED'];
const VIDEO = { workspaceId: 'verify', source: 'samples/long-jobs.mp4', transcript: 'samples/long-jobs.vtt' };

export const checks: Check[] = [
  { name: 'six steps after each other', run: async (bench) => same(bench, 'verify-sequential', null) },
  { name: 'six steps inside the driver', run: async (bench) => same(bench, 'verify-inline', null) },
  { name: 'Retry-After, then a final error', run: async (bench) => same(bench, 'verify-errors', null) },
  { name: 'a child workflow, then a transactional step', run: async (bench) => same(bench, 'verify-parent', null) },
  {
    name: 'two steps of 4 s overlap',
    run: async (bench) => {
      const { id } = await bench.client.start('verify-parallel', null);
      await bench.client.result(id, { timeout: bench.patience });
      const [a, b] = await bench.client.engine.steps(id);
      const both = [a, b].map((step) => [Number(step?.startedAt), Number(step?.finishedAt)] as const);
      expect(
        Math.max(...both.map(([from]) => from)) < Math.min(...both.map(([, to]) => to)),
        'one began after the other had ended',
      );
      return id;
    },
  },
  {
    name: 'an event during a step leaves its state',
    run: async (bench) => {
      const { id } = await bench.client.start('verify-stoppable', null);
      await until(bench, id, ({ steps }) => steps[0]?.status === 'running');
      const sent = Date.now();
      await bench.client.send(id, { type: 'LEAVE' });
      await bench.client.result(id, { timeout: bench.patience });
      expect(Date.now() - sent < 30_000, 'it waited for the step');
      await cancelled(bench, id);
      return id;
    },
  },
  {
    name: 'cancel while a step runs',
    run: async (bench) => {
      const { id } = await bench.client.start('verify-stoppable', null);
      await until(bench, id, ({ steps }) => steps[0]?.status === 'running');
      await bench.client.cancel(id);
      await until(bench, id, ({ status }) => status === 'cancelled');
      await cancelled(bench, id);
      return id;
    },
  },
  {
    name: 'a timer, then a wait that leaves no run open',
    run: async (bench) => {
      const { id } = await bench.client.start('verify-timers', null);
      await until(bench, id, ({ state }) => state === 'WAITING');
      await eventually(bench, async () =>
        (await bench.runs(id)).every(({ status }) => status === 'DELAYED' || !LIVE.includes(status)),
      );
      await bench.client.send(id, { type: 'GO' });
      await bench.client.result(id, { timeout: bench.patience });
      // The driver for the timer of an hour goes with its state.
      await eventually(bench, async () => (await bench.runs(id)).every(({ status }) => !LIVE.includes(status)));
      return id;
    },
  },
  {
    name: 'a driver that is cancelled while it waits',
    run: async (bench) => {
      const { id } = await bench.client.start('verify-stoppable', null);
      await until(bench, id, ({ steps }) => steps[0]?.status === 'running');
      const driver = (await bench.runs(id)).find(
        ({ taskIdentifier, status }) => taskIdentifier === 'durachart.drive' && LIVE.includes(status),
      );
      await bench.cancelRun(driver?.id as string);
      await eventually(
        bench,
        async () =>
          (await bench.runs(id)).filter(({ taskIdentifier }) => taskIdentifier === 'verify-stoppable.slow').length ===
          2,
      );
      await bench.client.send(id, { type: 'LEAVE' });
      await bench.client.result(id, { timeout: bench.patience });
      return id;
    },
  },
  {
    name: 'killed processes: of a step, then of a driver with the lease',
    kills: true,
    run: async (bench) => {
      const { id } = await bench.client.start('verify-killed', null);
      await bench.client.result(id, { timeout: bench.patience });
      return id;
    },
  },
  { name: 'the video pipeline', run: async (bench) => same(bench, 'video-processing', VIDEO) },
];

/** Runs a machine here and there, and compares the histories. */
async function same(bench: Bench, workflow: string, input: unknown): Promise<string> {
  const local = await bench.local(workflow, input);
  const { id } = await bench.client.start(workflow, input);
  await bench.client.result(id, { timeout: bench.patience });
  const remote = await historyOf(bench.client.engine as unknown as Engine, id);
  expect(
    JSON.stringify(remote) === JSON.stringify(local),
    `the histories differ:\n${remote.join('\n')}\nlocal:\n${local.join('\n')}`,
  );
  return id;
}

/** A history without ids and times: the states in order, and what was taken, of which parallel steps have no order. */
export async function historyOf(engine: Engine, id: string): Promise<string[]> {
  const { items } = await engine.history(id, { limit: 500 });
  const states = items.map(({ to }) => to).filter((state, index, all) => state !== all[index - 1]);
  return [
    states.join(' > '),
    ...items.map(({ event, step }) => `${event} ${step?.key ?? ''} ${step?.attempt ?? ''}`).toSorted(),
  ];
}

async function cancelled(bench: Bench, id: string): Promise<void> {
  await eventually(bench, async () =>
    (await bench.runs(id)).some(
      ({ taskIdentifier, status }) => taskIdentifier === 'verify-stoppable.slow' && status === 'CANCELED',
    ),
  );
}

async function until(bench: Bench, id: string, wanted: (view: InstanceView) => boolean): Promise<void> {
  await eventually(bench, async () => wanted(await bench.client.engine.get(id)));
}

async function eventually(bench: Bench, look: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + bench.patience; !(await look());) {
    if (Date.now() > end) throw new Error(`not within ${bench.patience / 1_000} s: ${look.toString()}`);
    await sleep(LOOK * PACE);
  }
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
