import { queue, schedules, task } from '@trigger.dev/sdk';
import { DefinitionError } from '../../core/error.ts';
import type { MachinePreset, StepDefinition } from '../../core/step.ts';
import type { Workflow } from '../../core/workflow.ts';
import { registry } from '../../engine/create.ts';
import { drive } from './driver.ts';
import { DRIVER, DRIVER_QUEUE, queueName, startTaskId, stepTaskId, SWEEP } from './names.ts';
import type { DriverPayload, StepPayload } from './platform.ts';
import type { Runtime } from './runtime.ts';
import { StepRuns } from './step.ts';
import { sweep } from './sweep.ts';

/** Gives the runtime of the process that a run is in; called by each run. */
export type OpenRuntime = () => Runtime;

const PRESETS: readonly MachinePreset[] = [
  'micro',
  'small-1x',
  'small-2x',
  'medium-1x',
  'medium-2x',
  'large-1x',
  'large-2x',
];

/** The size on which a killed process begins again; without one, it is not retried at all. */
function larger(preset: MachinePreset): { outOfMemory?: { machine: MachinePreset } } {
  const next = PRESETS[PRESETS.indexOf(preset) + 1];
  return next === undefined ? {} : { outOfMemory: { machine: next } };
}

export interface TaskOptions {
  /** Machine preset of the driver and of steps that name none. Default: `small-1x`, the platform's own. */
  machinePreset?: MachinePreset;
  /** Limits of the queues that steps name, by name. */
  queues?: Readonly<Record<string, number>>;
}

/** Defines the task that moves instances. */
export function defineDriver(open: OpenRuntime, options: TaskOptions = {}) {
  const machine = options.machinePreset ?? 'small-1x';
  return task({
    id: DRIVER,
    description: 'Moves one instance of a workflow.',
    queue: queue({ name: DRIVER_QUEUE }),
    machine,
    retry: {
      maxAttempts: 5,
      minTimeoutInMs: 500,
      maxTimeoutInMs: 10_000,
      factor: 2,
      randomize: true,
      ...larger(machine),
    },
    run: async (payload: DriverPayload, { ctx, signal }) => drive(open(), payload, { id: ctx.run.id, signal }),
  });
}

/** Defines a task for each step of each workflow, child workflows included. Steps that run inside the driver need none. */
export function defineSteps(open: OpenRuntime, workflows: readonly Workflow[], options: TaskOptions = {}) {
  const runs = new StepRuns();
  const queues = new Map(
    Object.entries(options.queues ?? {}).map(([name, concurrencyLimit]) => [
      name,
      queue({ name: queueName(name), concurrencyLimit }),
    ]),
  );
  const seen = new Set<string>();
  return [...registry(workflows).values()].flatMap((workflow) =>
    [...workflow.steps].flatMap(([name, definition]) => {
      if (definition.inline === true) return [];
      const id = stepTaskId(workflow.name, name);
      if (seen.has(id))
        throw new DefinitionError(
          'DUPLICATE_TASK',
          `Two steps would be the task ${id}. Give one of them another name.`,
        );
      seen.add(id);
      return [
        defineStepTask(open, runs, {
          id,
          name,
          workflow,
          definition,
          queues,
          machine: definition.machinePreset ?? options.machinePreset ?? 'small-1x',
        }),
      ];
    }),
  );
}

interface StepTask {
  id: string;
  name: string;
  workflow: Workflow;
  definition: StepDefinition;
  queues: ReadonlyMap<string, ReturnType<typeof queue>>;
  machine: MachinePreset;
}

function defineStepTask(
  open: OpenRuntime,
  runs: StepRuns,
  { id, name, workflow, definition, queues, machine }: StepTask,
) {
  const { retry, timeout, concurrency } = definition;
  const shared = definition.queue;
  return task({
    id,
    description: `Step ${name} of ${workflow.name}.`,
    // A task has one queue: the one that the step names goes before its own limit.
    queue:
      shared === undefined
        ? queue({
            name: `step/${queueName(id)}`,
            ...(concurrency === undefined ? {} : { concurrencyLimit: concurrency }),
          })
        : (queues.get(shared) ?? queue({ name: queueName(shared) })),
    machine,
    retry: {
      maxAttempts: retry.maxAttempts,
      minTimeoutInMs: retry.minDelay,
      maxTimeoutInMs: Math.max(1, retry.maxDelay),
      factor: retry.factor,
      randomize: retry.jitter > 0,
      ...larger(machine),
    },
    // The step's own timeout ends it first, and is an error that can be retried; this one kills a process that does not listen.
    ...(timeout === undefined ? {} : { maxDuration: Math.ceil(timeout / 1_000) + 60 }),
    run: async (payload: StepPayload, { ctx, signal }) =>
      runs.run(open(), payload, {
        id: ctx.run.id,
        attempt: ctx.attempt.number,
        maxAttempts: retry.maxAttempts,
        signal,
      }),
    catchError: async ({ ctx, signal }) =>
      runs.catchError(open(), {
        id: ctx.run.id,
        attempt: ctx.attempt.number,
        maxAttempts: retry.maxAttempts,
        signal: signal ?? new AbortController().signal,
      }),
    onCancel: async ({ payload, ctx }) => runs.cancelled(open(), payload, ctx.run.id),
  });
}

/** Defines the scheduled task that finds what was lost. */
export function defineSweep(open: OpenRuntime) {
  return schedules.task({
    id: SWEEP,
    cron: '* * * * *',
    queue: { name: 'durachart-sweep', concurrencyLimit: 1 },
    maxDuration: 300,
    retry: { maxAttempts: 1 },
    run: async () => {
      const runtime = open();
      await runtime.publisher.deliverAll();
      await runtime.scheduler.tick();
      return sweep(runtime, (await runtime.session()).id);
    },
  });
}

/** Defines a task for each workflow that starts an instance with its payload: from the dashboard's test page, or from another task. It is no scheduled task. */
export function defineStarts<W extends readonly Workflow[]>(
  workflows: W,
  start: (workflow: W[number]['name'], input: unknown) => Promise<{ id: string }>,
) {
  return workflows.map((workflow) =>
    task({
      id: startTaskId(workflow),
      description: `Starts an instance of ${workflow.name}; the payload is its input.`,
      queue: queue({ name: DRIVER_QUEUE }),
      retry: { maxAttempts: 1 },
      run: async (input: unknown) => start(workflow.name, input),
    }),
  );
}
