import {
  and,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  fromPromise,
  log,
  not,
  or,
  raise,
  sendTo,
  setup,
  spawnChild,
  stateIn,
  stopChild,
  type AnyActorRef,
  type AnyStateMachine,
} from 'xstate';
import { PATTERNS, EVENTS, type ActionSpec, type GuardSpec, type NodeSpec, type TransitionSpec } from './spec.ts';

/** What XState's own runtime did. */
export interface Journal {
  notes: unknown[];
  told: string[];
}

interface Context {
  n: number;
  last: unknown;
  spawned: number;
  sent: number;
  ref: AnyActorRef | null;
}

interface Place {
  spec: NodeSpec;
  path: string[];
  id: string;
}

/** How often a machine may send itself an event, so that no run is endless. */
const SENDS = 6;

/** The XState machine that a spec means. Its custom action and its child machines write into the journal. */
export function buildMachine(root: NodeSpec, journal: Journal): AnyStateMachine {
  const places = placesOf(root, []);
  const child = createMachine({
    initial: 'waiting',
    states: { waiting: { on: { TOLD: { actions: 'hear' } } } },
  }).provide({ actions: { hear: ({ self }: { self: AnyActorRef }) => void journal.told.push(self.id) } });
  const config = {
    ...nodeConfig(places[0] as Place, places),
    id: 'm',
    context: { n: 0, last: null, spawned: 0, sent: 0, ref: null },
    output: ({ context, event }: { context: Context; event: { output?: unknown } }) => ({
      n: context.n,
      of: event.output ?? null,
    }),
    options: { maxIterations: 40 },
  };
  return setup({
    types: {},
    actors: { step: fromPromise(() => new Promise(() => {})), child },
    actions: { note: (_: unknown, params: unknown) => void journal.notes.push(params) },
    guards: {
      even: ({ context }: { context: Context }) => context.n % 2 === 0,
      third: ({ context }: { context: Context }) => context.n % 3 === 0,
    },
    delays: { fixed: 5_003, byContext: ({ context }: { context: Context }) => 7_001 + context.n * 13 },
  }).createMachine(config as never) as unknown as AnyStateMachine;
}

function placesOf(spec: NodeSpec, path: string[]): Place[] {
  const here: Place = { spec, path, id: ['m', ...path].join('.') };
  return [here, ...spec.children.flatMap((child, index) => placesOf(child, [...path, `s${index}`]))];
}

const isHistory = (spec: NodeSpec): boolean => spec.kind === 'shallow' || spec.kind === 'deep';

function nodeConfig(place: Place, places: readonly Place[]): Record<string, unknown> {
  const { spec, path, id } = place;
  if (isHistory(spec)) return { type: 'history', history: spec.kind };
  const tags = spec.tagged ? [`tag${path.length}`] : [];
  if (spec.kind === 'final') {
    return {
      type: 'final',
      tags,
      entry: spec.entry.map(built),
      ...(spec.output ? { output: ({ context }: { context: Context }) => context.n } : {}),
    };
  }
  const number = places.indexOf(place);
  const built_ = (transition: TransitionSpec): Record<string, unknown> => transitionConfig(transition, place, places);
  const invokes = spec.invoke.map((invoke, index) => ({
    id: `i${number}_${index}`,
    src: invoke.src,
    input: ({ context }: { context: Context }) => context.n,
    ...(invoke.onDone === null ? {} : { onDone: built_(invoke.onDone) }),
    ...(invoke.onError === null ? {} : { onError: built_(invoke.onError) }),
  }));
  const told = spec.invoke.flatMap((invoke, index) =>
    invoke.told ? [sendTo(`i${number}_${index}`, { type: 'TOLD' })] : [],
  );
  const on: Record<string, unknown[]> = {};
  for (const transition of spec.on) (on[pick(PATTERNS, transition.event)] ??= []).push(built_(transition));
  const after = Object.fromEntries(
    spec.after.map(({ delay, named, to }, index) => [
      // Irregular, and other ones for each state, so that timers seldom fall due together.
      named ? pick(['fixed', 'byContext'], delay) : 100 + number * 17 + index * 1_009 + (delay % 7),
      built_(to),
    ]),
  );
  const config = {
    tags,
    entry: [...told, ...spec.entry.map(built)],
    exit: spec.exit.map(built),
    invoke: invokes,
    on,
    after,
    ...(spec.always.length > 0 ? { always: spec.always.map(built_) } : {}),
  };
  if (spec.kind === 'atomic') return config;
  // A compound state needs a child to begin with.
  const children = spec.children.map(
    (child, index) => [`s${index}`, { spec: child, path: [...path, `s${index}`], id: `${id}.s${index}` }] as const,
  );
  const first = children.findIndex(([, child]) => !isHistory(child.spec));
  if (first < 0) return config;
  const states = Object.fromEntries(
    children.map(([key, child]) => [key, nodeConfig(places.find((other) => other.id === child.id) as Place, places)]),
  );
  return {
    ...config,
    ...(spec.onDone === null || path.length === 0 ? {} : { onDone: built_(spec.onDone) }),
    ...(spec.kind === 'parallel' ? { type: 'parallel' } : { initial: `s${first}` }),
    states,
  };
}

/** Whether the place is in the machine: the children of a state that has nothing but history states are left out. */
function exists(place: Place, places: readonly Place[]): boolean {
  if (place.path.length === 0) return true;
  const parent = places.find(
    (other) =>
      other.id ===
      `m${place.path
        .slice(0, -1)
        .map((key) => `.${key}`)
        .join('')}`,
  ) as Place;
  return parent.spec.children.some((child) => !isHistory(child)) && exists(parent, places);
}

function transitionConfig(spec: TransitionSpec, from: Place, places: readonly Place[]): Record<string, unknown> {
  const targets = places
    .slice(1)
    .filter((place) => exists(place, places) && !isOwnHistory(place, from))
    .filter((place) => !spec.inner || place.id.startsWith(from.id));
  const target = spec.target === null || targets.length === 0 ? {} : { target: `#${pick(targets, spec.target).id}` };
  return {
    ...target,
    reenter: spec.reenter,
    ...(spec.guard === null ? {} : { guard: guardOf(spec.guard, places) }),
    actions: spec.actions.map(built),
  };
}

/**
 * From inside a state to that state's own history: where it leads back, XState enters states a second time that it has
 * not left. Their actors and timers are doubled, and no order of ids can tell them apart. Not generated.
 */
function isOwnHistory(target: Place, from: Place): boolean {
  const parent = ['m', ...target.path.slice(0, -1)].join('.');
  return isHistory(target.spec) && from.id.startsWith(`${parent}.`);
}

function guardOf({ kind, k }: GuardSpec, places: readonly Place[]): unknown {
  const inline = ({ context }: { context: Context }): boolean => context.n % 5 < k % 5;
  switch (kind) {
    case 'named':
      return pick(['even', 'third'], k);
    case 'inline':
      return inline;
    case 'and':
      return and(['even', inline] as never);
    case 'or':
      return or(['third', inline] as never);
    case 'not':
      return not('even' as never);
    case 'stateIn': {
      const inside = stateIn(
        `#${
          pick(
            places.filter((place) => exists(place, places)),
            k,
          ).id
        }`,
      );
      return k % 2 === 0 ? inside : and([inside, inline] as never);
    }
  }
}

function built({ kind, k }: ActionSpec): unknown {
  const increment = assign<Context, never, undefined, never, never>({ n: ({ context }) => context.n + 1 });
  const event = { type: pick(EVENTS, k) };
  switch (kind) {
    case 'note':
      return { type: 'note', params: ({ context }: { context: Context }) => ({ k, n: context.n }) };
    case 'emit':
      return emit({ type: 'emitted', k });
    case 'log':
      return log(({ context }) => (context as Context).n, 'n');
    case 'increment':
      return increment;
    case 'keep':
      return assign(({ event: { output, error } }: never) => ({ last: output ?? error ?? null }));
    case 'raise':
      return raise(event);
    case 'raiseLater':
      return raise(event, { delay: 311 + k });
    case 'raiseLaterNamed':
      return raise(event, { id: `t${k % 3}`, delay: 401 + k });
    case 'cancel':
      return cancel(`t${k % 3}`);
    case 'spawnChild':
      return spawnChild(pick(['step', 'child'], k) as never, { id: `c${k % 3}`, input: k });
    case 'stopChild':
      return stopChild(`c${k % 3}`);
    case 'spawn':
      return assign(
        ({ context, spawn }: { context: Context; spawn: (src: string, options: object) => AnyActorRef }) => ({
          ref: spawn('child', { id: `r${context.spawned}`, input: { n: context.n } }),
          spawned: context.spawned + 1,
        }),
      );
    case 'stopSpawned':
      return stopChild(({ context }: { context: Context }) => context.ref ?? ('nobody' as never));
    case 'tell':
      return enqueueActions(({ context, enqueue }) => {
        const { ref } = context as Context;
        if (ref !== null) enqueue.sendTo(ref, { type: 'TOLD' });
      });
    case 'tellLater':
      return enqueueActions(({ context, enqueue }) => {
        const { ref } = context as Context;
        if (ref !== null) enqueue.sendTo(ref, { type: 'TOLD' }, { delay: 601 + k });
      });
    case 'sendSelf':
      return enqueueActions(({ context, enqueue, self }) => {
        const { sent } = context as Context;
        if (sent >= SENDS) return;
        enqueue.assign({ sent: sent + 1 });
        enqueue.sendTo(self, event);
      });
    case 'enqueue':
      return enqueueActions(({ enqueue, check }) => {
        enqueue.assign(({ context }: { context: Context }) => ({ n: context.n + 2 }));
        if (check('third')) enqueue({ type: 'note', params: { enqueued: k } });
        enqueue.emit({ type: 'enqueued', k } as never);
      });
  }
}

export function pick<T>(from: readonly T[], k: number): T {
  return from[k % from.length] as T;
}
