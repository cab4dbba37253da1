import * as fc from 'fast-check';

/** A random machine as plain data, so that a counterexample can be read and shrunk. Numbers pick, modulo what there is. */
export interface NodeSpec {
  kind: 'atomic' | 'compound' | 'parallel' | 'final' | 'shallow' | 'deep';
  children: NodeSpec[];
  on: TransitionSpec[];
  always: TransitionSpec[];
  after: { delay: number; named: boolean; to: TransitionSpec }[];
  invoke: { src: 'step' | 'child'; onDone: TransitionSpec | null; onError: TransitionSpec | null; told: boolean }[];
  onDone: TransitionSpec | null;
  entry: ActionSpec[];
  exit: ActionSpec[];
  output: boolean;
  tagged: boolean;
}

export interface TransitionSpec {
  /** Of {@link EVENTS}; used by `on` alone. */
  event: number;
  /** Null for a transition without a target. */
  target: number | null;
  /** A target of a descendant, for internal transitions. */
  inner: boolean;
  reenter: boolean;
  guard: GuardSpec | null;
  actions: ActionSpec[];
}

export interface GuardSpec {
  kind: 'named' | 'inline' | 'and' | 'or' | 'not' | 'stateIn';
  k: number;
}

export interface ActionSpec {
  kind:
    | 'note'
    | 'emit'
    | 'log'
    | 'increment'
    | 'keep'
    | 'raise'
    | 'raiseLater'
    | 'raiseLaterNamed'
    | 'cancel'
    | 'spawnChild'
    | 'stopChild'
    | 'spawn'
    | 'stopSpawned'
    | 'tell'
    | 'tellLater'
    | 'sendSelf'
    | 'enqueue';
  k: number;
}

/** Events from outside; the handlers have two patterns more. */
export const EVENTS = ['A', 'B', 'C', 'u.x', 'S'];
export const PATTERNS = [...EVENTS, 'u.*', '*'];

const index = fc.nat(1_000);

const action: fc.Arbitrary<ActionSpec> = fc.record({
  kind: fc.constantFrom<ActionSpec['kind'][]>(
    'note',
    'note',
    'emit',
    'log',
    'increment',
    'increment',
    'keep',
    'raise',
    'raiseLater',
    'raiseLaterNamed',
    'cancel',
    'spawnChild',
    'stopChild',
    'spawn',
    'stopSpawned',
    'tell',
    'tellLater',
    'sendSelf',
    'enqueue',
  ),
  k: index,
});

const actions = fc.array(action, { maxLength: 3 });

const guard: fc.Arbitrary<GuardSpec> = fc.record({
  kind: fc.constantFrom<GuardSpec['kind'][]>('named', 'inline', 'and', 'or', 'not', 'stateIn'),
  k: index,
});

const transition = (guarded: boolean): fc.Arbitrary<TransitionSpec> =>
  fc.record({
    event: index,
    target: fc.option(index, { freq: 3 }),
    inner: fc.boolean(),
    reenter: fc.boolean(),
    guard: guarded ? guard : fc.option(guard, { freq: 1 }),
    actions,
  });

// It changes what its guard looks at, so that few machines run in circles (some do, and both sides notice).
const eventless = transition(true).map((spec): TransitionSpec => {
  const { kind, k } = spec.guard as GuardSpec;
  const ending: GuardSpec = { kind, k: kind === 'stateIn' ? k * 2 + 1 : k };
  return { ...spec, guard: ending, actions: [{ kind: 'increment', k: 0 }, ...spec.actions] };
});

const few = <T>(arbitrary: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> =>
  fc.oneof(fc.constant<T[]>([]), fc.array(arbitrary, { maxLength }));

const KINDS: NodeSpec['kind'][] = ['atomic', 'atomic', 'final', 'shallow', 'deep'];
const OUTER_KINDS: NodeSpec['kind'][] = ['compound', 'compound', 'parallel'];

const node = (depth: number): fc.Arbitrary<NodeSpec> =>
  fc.constantFrom<NodeSpec['kind'][]>(...KINDS, ...(depth > 0 ? OUTER_KINDS : [])).chain((kind) =>
    fc.record({
      kind: fc.constant(kind),
      children:
        kind === 'compound' || kind === 'parallel'
          ? fc.array(node(depth - 1), { minLength: 2, maxLength: 4 }).map((children) => regions(kind, children))
          : fc.constant([]),
      on: fc.array(transition(false), { maxLength: 4 }),
      always: fc.oneof(
        { weight: 4, arbitrary: fc.constant<TransitionSpec[]>([]) },
        { weight: 1, arbitrary: fc.array(eventless, { minLength: 1, maxLength: 2 }) },
      ),
      after: few(fc.record({ delay: index, named: fc.boolean(), to: transition(false) }), 2),
      invoke: few(
        fc.record({
          src: fc.constantFrom<('step' | 'child')[]>('step', 'child'),
          onDone: fc.option(transition(false), { freq: 4 }),
          onError: fc.option(transition(false), { freq: 3 }),
          told: fc.boolean(),
        }),
        2,
      ),
      onDone: fc.option(transition(false)),
      entry: few(action, 2),
      exit: few(action, 2),
      output: fc.boolean(),
      tagged: fc.boolean(),
    }),
  );

/**
 * A history state right under a parallel one, before there is any history, makes XState enter states a second time that
 * it has not left: their actors and timers are doubled, and no order of ids can tell them apart. Not generated.
 */
function regions(kind: NodeSpec['kind'], children: NodeSpec[]): NodeSpec[] {
  if (kind !== 'parallel') return children;
  return children.map((child) =>
    child.kind === 'shallow' || child.kind === 'deep' ? { ...child, kind: 'atomic' } : child,
  );
}

/** A machine's root, and what happens to it: numbers that pick from what can happen at each point. */
export const machineRun: fc.Arbitrary<{ root: NodeSpec; choices: number[] }> = fc.record({
  root: fc
    .tuple(
      node(2),
      fc.constantFrom<('compound' | 'parallel')[]>('compound', 'compound', 'compound', 'parallel'),
      fc.array(node(2), { minLength: 2, maxLength: 4 }),
    )
    .map(([root, kind, children]): NodeSpec => ({ ...root, kind, children: regions(kind, children) })),
  choices: fc.array(index, { minLength: 6, maxLength: 16 }),
});

/** Actions that lead to nothing more in the macrostep that they are in. */
const PLAIN: ReadonlySet<ActionSpec['kind']> = new Set([
  'note',
  'emit',
  'log',
  'increment',
  'keep',
  'raiseLater',
  'raiseLaterNamed',
  'cancel',
  'spawn',
] as const);

/** The same with machines such as people write: without regions and memories, few of what a transition can lead to. */
export const plainRun: typeof machineRun = machineRun.map(({ root, choices }) => ({ root: plain(root), choices }));

function plain(spec: NodeSpec): NodeSpec {
  const kinds = { atomic: 'atomic', compound: 'compound', parallel: 'compound', final: 'final' } as const;
  const to = <T extends TransitionSpec | null>(transition: T): T =>
    transition === null ? transition : { ...transition, ...plainTransition(transition) };
  return {
    ...spec,
    kind: spec.kind === 'shallow' || spec.kind === 'deep' ? 'atomic' : kinds[spec.kind],
    children: spec.children.map(plain),
    on: spec.on.map(to),
    always: spec.always.slice(1).map(to),
    after: spec.after.map((timer) => ({ ...timer, to: to(timer.to) })),
    invoke: spec.invoke.map((invoke) => ({
      ...invoke,
      told: false,
      onDone: to(invoke.onDone),
      onError: to(invoke.onError),
    })),
    onDone: to(spec.onDone),
    entry: plainActions(spec.entry),
    exit: plainActions(spec.exit),
  };
}

function plainTransition({ reenter, event, actions }: TransitionSpec): Partial<TransitionSpec> {
  return { reenter: reenter && event % 4 === 0, actions: plainActions(actions) };
}

function plainActions(list: readonly ActionSpec[]): ActionSpec[] {
  return list.filter(({ kind }) => PLAIN.has(kind));
}
