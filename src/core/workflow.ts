import type { AnyActorLogic, AnyStateMachine, ContextFrom, EventFromLogic, InputFrom, OutputFrom } from 'xstate';
import type { z } from 'zod';
import { checkMachine } from './check.ts';
import { DefinitionError, ERROR_CLASSES, type ErrorClass } from './error.ts';
import { externalEventTypes, matchesEventType } from './event-types.ts';
import { joinFamily } from './family.ts';
import { forEachOf, type ForEachOptions } from './for-each.ts';
import { Machine } from './machine.ts';
import {
  SUBSCRIBE,
  type EventDefinition,
  type Receives,
  type StartedBy,
  type Subscribe,
  type Subscription,
} from './published-event.ts';
import { Refusals } from './refusals.ts';
import { schedulesOf, type Schedule, type ScheduleOptions } from './schedule.ts';
import { retryPolicy, type RetryPolicy } from './retry.ts';
import { stepOf, type StepDefinition, type StepOptions } from './step.ts';

/** What {@link defineWorkflow} takes. */
export interface WorkflowOptions<
  M extends AnyStateMachine,
  Name extends string,
  Input extends z.ZodType,
  Subscriptions extends readonly Subscription[] = readonly Subscription[],
  Publishes extends readonly EventDefinition[] = readonly EventDefinition[],
> {
  /** Default: the machine's id. Letters, digits, `-` and `_`. */
  name?: Name;
  /** Default: the machine's version, else `1`. */
  version?: string;
  machine: M;
  /** Checked before an instance starts; what is stored is its parsed output. */
  input?: Input;
  /** Schema of an event's payload (the event without `type`), by event type; checked when the event is sent. */
  events?: Partial<Record<EventFromLogic<M>['type'], z.ZodType>>;
  /** Of the machine's context: an edited one is held against it, and its fields become columns of the workflow's view. */
  context?: z.ZodType<ContextFrom<M>>;
  /** Of the machine's output: its fields become columns of the workflow's view, and a skipped child's output is held against it. */
  output?: z.ZodType<OutputFrom<M>>;
  /** Events that the machine has for what operators do: it is sent them instead of being moved from outside. */
  controls?: Partial<Record<'cancel' | 'resume', EventFromLogic<M>['type']>>;
  /** Error codes of its own, or another class for a known one. */
  errors?: Record<string, ErrorClass>;
  /** Default retry of its steps; a step's own `retry` wins. */
  retry?: Partial<RetryPolicy>;
  /** Options for steps that are plain `fromPromise` logic, by the name under which they are registered. */
  steps?: Record<string, StepOptions>;
  /** When it is started by itself. */
  schedules?: readonly ScheduleOptions<z.input<Input>>[];
  /** Published events that start it, or that its instances receive. */
  subscriptions?: (
    subscribe: Subscribe<z.input<Input>, InputFrom<M>, ContextFrom<M>, EventFromLogic<M>['type']>,
  ) => Subscriptions;
  /** What the machine emits (XState's `emit`) under the name of one of these is published, in the transition's own commit. */
  publishes?: Publishes;
}

/** A machine that the engine can run: what {@link defineWorkflow} returns. */
export interface Workflow<
  Name extends string = string,
  Input = unknown,
  Event = unknown,
  Output = unknown,
  Published extends EventDefinition = EventDefinition,
> {
  readonly name: Name;
  readonly version: string;
  readonly description: string | undefined;
  readonly machine: Machine;
  readonly input: z.ZodType | undefined;
  readonly events: Readonly<Record<string, z.ZodType>>;
  readonly context: z.ZodType | undefined;
  readonly output: z.ZodType | undefined;
  readonly controls: Readonly<{ cancel?: string | undefined; resume?: string | undefined }>;
  /** Every event type that some state of the machine has a transition for; `*` and `name.*` stand for many. */
  readonly eventTypes: readonly string[];
  readonly steps: ReadonlyMap<string, StepDefinition>;
  /** Fan-outs, by the name of the actor; `steps` has under the same name the step that each item runs. */
  readonly fanOuts: ReadonlyMap<string, ForEachOptions>;
  /** Name of the workflow that a registered machine runs as, by the name of the actor. */
  readonly children: ReadonlyMap<string, Workflow>;
  readonly errors: Readonly<Record<string, ErrorClass>>;
  readonly schedules: readonly Schedule[];
  /** Published events that start it. */
  readonly startedBy: readonly StartedBy[];
  /** What its instances receive. */
  readonly receives: readonly Receives[];
  /** What its machine emits for others, by name. */
  readonly publishes: ReadonlyMap<string, EventDefinition>;
  /** Types only; never present. */
  readonly $types?: { input: Input; event: Event; output: Output; published: Published };
}

/** Input type of a workflow. */
export type InputOf<W> = W extends Workflow<string, infer I> ? I : never;
/** Union of the events that a workflow's machine declares. */
export type EventOf<W> = W extends Workflow<string, unknown, infer E> ? E : never;
/** Output type of a workflow. */
export type OutputOf<W> = W extends Workflow<string, unknown, unknown, infer O> ? O : never;
/** Union of the definitions of published events that a workflow subscribes to or publishes. */
export type PublishedOf<W> = W extends Workflow<string, unknown, unknown, unknown, infer P> ? P : never;

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;

/**
 * Makes an XState v5 machine durable. The machine is not changed.
 *
 * @example export const orders = defineWorkflow({ machine: orderMachine });
 * @throws DefinitionError naming the place in the machine and the remedy, when something in it cannot be stored; of several things all (`details.refusals`)
 */
export function defineWorkflow<
  M extends AnyStateMachine,
  const Name extends string = string,
  Input extends z.ZodType = z.ZodType<InputFrom<M>, InputFrom<M>>,
  const Subscriptions extends readonly Subscription[] = [],
  const Publishes extends readonly EventDefinition[] = [],
>(
  options: WorkflowOptions<M, Name, Input, Subscriptions, Publishes>,
): Workflow<
  Name,
  z.input<Input>,
  EventFromLogic<M>,
  OutputFrom<M>,
  Subscriptions[number]['event'] | Publishes[number]
> {
  const { machine } = options;
  const name = (options.name ?? machine.id) as Name;
  if (!NAME.test(name)) {
    throw new DefinitionError(
      'INVALID_WORKFLOW_NAME',
      `A workflow's name has letters, digits, - and _, at most 100; this one is ${JSON.stringify(name)}. Give the machine an id, or the workflow a name.`,
    );
  }
  const steps = new Map<string, StepDefinition>();
  const fanOuts = new Map<string, ForEachOptions>();
  const children = new Map<string, Workflow>();
  const refused = new Map<string, string>();
  const refusals = new Refusals();
  for (const [actor, logic] of Object.entries(
    machine.implementations.actors as Record<string, AnyActorLogic | undefined>,
  )) {
    // A name that is still to be provided; if a state invokes it, the check below says so.
    if (logic === undefined) continue;
    if (isMachine(logic)) {
      joinFamily(machine, logic);
      refusals.check(() => children.set(actor, childWorkflow(logic, `${name}-${actor}`)));
      continue;
    }
    const fanOut = forEachOf(logic);
    if (fanOut !== undefined) fanOuts.set(actor, fanOut.options);
    const step = stepOf(fanOut?.step ?? logic);
    if ('notAStep' in step) refused.set(actor, step.notAStep);
    else steps.set(actor, withOptions(step, options.retry, options.steps?.[actor]));
  }
  for (const actor of Object.keys(options.steps ?? {})) {
    if (!steps.has(actor)) {
      throw new DefinitionError(
        'UNKNOWN_STEP',
        `Workflow ${name}: steps.${actor} names no step of its machine. Steps: ${[...steps.keys()].join(', ')}.`,
      );
    }
  }
  checkMachine(name, machine, refused, refusals);
  refusals.settle(name);
  const eventTypes = externalEventTypes(machine.events as string[]);
  const subscriptions: readonly Subscription[] = options.subscriptions?.(SUBSCRIBE as never) ?? [];
  const received = subscriptions.filter((each) => each.kind === 'receive');
  for (const { event, as } of received) {
    if (!matchesEventType(as, eventTypes)) {
      throw new DefinitionError(
        'UNKNOWN_EVENT',
        `Workflow ${name} receives ${event.name} as ${JSON.stringify(as)}, which no state of its machine takes. They take: ${eventTypes.join(', ') || 'none'}.`,
      );
    }
  }
  const workflow: ReturnType<typeof defineWorkflow<M, Name, Input, Subscriptions, Publishes>> = {
    name,
    version: options.version ?? machine.version ?? '1',
    description: (machine.config as { description?: string }).description,
    machine: new Machine(machine),
    input: options.input,
    events: { ...options.events },
    context: options.context,
    output: options.output,
    controls: { ...options.controls },
    eventTypes,
    steps,
    fanOuts,
    children,
    errors: { ...ERROR_CLASSES, ...options.errors },
    schedules: schedulesOf(name, (options.schedules ?? []) as readonly ScheduleOptions[]),
    startedBy: subscriptions.filter((each) => each.kind === 'start'),
    receives: received,
    publishes: new Map((options.publishes ?? []).map((event) => [event.name, event])),
  };
  const earlier = defined.get(machine);
  if (earlier === undefined) defined.set(machine, workflow);
  else if (implicit.delete(earlier)) return Object.assign(earlier, workflow);
  return workflow;
}

/** A child machine runs as the workflow that was defined from it, else as one made here with its id for a name. */
const defined = new WeakMap<AnyStateMachine, Workflow>();

/** Those that were made here; a definition that comes later takes their place, so that modules may load in any order. */
const implicit = new WeakSet<Workflow>();

function childWorkflow(machine: AnyStateMachine, unnamed: string): Workflow {
  const known = defined.get(machine);
  if (known !== undefined) return known;
  const { id } = machine.config as { id?: string };
  const workflow = defineWorkflow({ machine, name: id ?? unnamed }) as Workflow;
  implicit.add(workflow);
  return workflow;
}

function isMachine(logic: AnyActorLogic): logic is AnyStateMachine {
  return '__xstatenode' in logic;
}

function withOptions(
  step: StepDefinition,
  retry: Partial<RetryPolicy> | undefined,
  own: StepOptions | undefined,
): StepDefinition {
  return {
    ...step,
    ...own,
    retry: retryPolicy({ ...retry, ...step.ownRetry, ...own?.retry }),
  };
}
