import { MARK } from './context.ts';
import type { EventObject } from './effect.ts';
import { StepError } from './error.ts';
import { storable } from './json.ts';
import { PARENT, SELF, systemIdIn } from './references.ts';

/** How code that runs beside the machine, a step or a custom action, reaches it. */
export interface Outlet {
  instance: string;
  /** Invoke id of the step; undefined for a custom action. */
  invocation: string | undefined;
  /** What it is, for messages. */
  what: string;
  /** Puts an event into the instance's inbox, stored before the attempt ends. */
  send(event: EventObject): void;
  /** Has the machine emit an event. */
  emit(event: EventObject): void;
}

const HAND_IN = 'It may run in another process than the machine: hand what it needs in as its input or params.';
const LET_THE_MACHINE = 'Send the machine an event by self.send(), and let it do so by an action of XState.';

/** Members of XState's ActorRef that live in memory, and what to do in their place. */
const OF_SELF: ReadonlyMap<string, string> = new Map([
  ...['getSnapshot', 'getPersistedSnapshot', 'select', 'subscribe', 'src', 'logic', 'options', 'systemId'].map(
    (name) => [name, HAND_IN] as const,
  ),
  ['on', 'What the machine emits is read by engine.subscribe(), or published.'],
  ['start', 'The engine starts it.'],
  ['stop', 'Return or throw; to end the machine, let it take an event to a final state.'],
  ['clock', 'Use after or a delayed raise() in the machine.'],
]);

const OF_MACHINE: ReadonlyMap<string, string> = new Map([...OF_SELF, ['_parent', 'Use sendParent() in the machine.']]);

/** Of another actor than the machine. */
const OF_ACTOR: ReadonlyMap<string, string> = new Map([
  ...[
    'getSnapshot',
    'getPersistedSnapshot',
    'select',
    'subscribe',
    'on',
    'src',
    'logic',
    'options',
    'sessionId',
    'system',
    '_parent',
    'clock',
  ].map((name) => [name, HAND_IN] as const),
  ...['send', 'start', 'stop'].map((name) => [name, LET_THE_MACHINE] as const),
]);

const OF_SYSTEM: ReadonlyMap<string, string> = new Map([
  ...['get', 'getAll'].map((name) => [name, LET_THE_MACHINE] as const),
  ...['inspect', 'getSnapshot', 'start'].map((name) => [name, HAND_IN] as const),
  ['scheduler', 'Use after or a delayed raise() in the machine.'],
]);

/**
 * What XState gives promise logic and actions beside input, context and event, as far as there can be any: an id, and events into
 * the instance's inbox. Everything else of XState's is refused when it is asked for, by name and with what to do instead;
 * another attempt would not help. Made when it is asked for: most code never does.
 */
export class ActorArguments {
  private readonly outlet: Outlet;
  private readonly actorId: string;
  readonly emit: (event: unknown) => void;
  private made: { self: object; system: object } | undefined;

  /** @param actorId of a custom action: the id that its instance has as an actor, where that is another than the instance's */
  constructor(outlet: Outlet, actorId: string = outlet.instance) {
    this.outlet = outlet;
    this.actorId = actorId;
    this.emit = (event) => outlet.emit(checked(event, outlet.what, 'emit'));
  }

  get self(): object {
    return (this.made ??= make(this.outlet, this.actorId)).self;
  }

  get system(): object {
    return (this.made ??= make(this.outlet, this.actorId)).system;
  }

  /** Puts what there can be of an actor into the place of each stored reference in a context. Changes it. */
  inContext(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || value instanceof Error) return value;
    if (Object.hasOwn(value, MARK)) return this.referred((value as { id: string }).id);
    for (const [key, inner] of Object.entries(value)) {
      const actor = this.inContext(inner);
      if (actor !== inner) (value as Record<string, unknown>)[key] = actor;
    }
    return value;
  }

  private referred(mark: string): object {
    if (mark === SELF) return this.self;
    const { what } = this.outlet;
    const toJSON = (): object => ({ [MARK]: 1, id: mark });
    const systemId = systemIdIn(mark);
    if (systemId !== undefined) {
      const remedies = new Map([...OF_ACTOR, ['id', 'It is known here by its systemId.']]);
      return refusing({ systemId, toJSON }, `system.get('${systemId}')`, what, remedies);
    }
    if (mark === PARENT) {
      const remedies = new Map([...OF_ACTOR, ['id', HAND_IN], ['systemId', HAND_IN]]);
      return refusing({ toJSON }, 'self._parent', what, remedies);
    }
    const remedies = new Map([...OF_ACTOR, ['systemId', 'It is known here by its id.']]);
    return refusing({ id: mark, toJSON }, `child ${mark}`, what, remedies);
  }
}

function make(
  { what, instance, invocation, send: deliver }: Outlet,
  actorId: string,
): { self: object; system: object } {
  const send = (event: unknown): void => deliver(checked(event, what, 'self.send'));
  const system = refusing({}, 'system', what, OF_SYSTEM);
  const ref = (id: string, sessionId = id): object => ({ id, sessionId, send, system, toJSON: () => ({ id }) });
  // An action's self is the machine; a step's is an actor of its own, whose parent is the machine.
  if (invocation === undefined) return { system, self: refusing(ref(actorId, instance), 'self', what, OF_MACHINE) };
  const _parent = refusing(ref(instance), 'self._parent', what, OF_MACHINE);
  return { system, self: refusing({ ...ref(invocation), _parent }, 'self', what, OF_SELF) };
}

function refusing(given: object, name: string, what: string, refused: ReadonlyMap<string, string>): object {
  return new Proxy(given, {
    get: (target, key, receiver) => {
      const remedy = typeof key === 'string' ? refused.get(key) : undefined;
      if (remedy === undefined) return Reflect.get(target, key, receiver) as unknown;
      throw new StepError(
        'UNSUPPORTED_IN_STEP',
        `${what} asks for ${name}.${String(key)}, which lives in memory. ${remedy}`,
        {
          retryable: false,
        },
      );
    },
  });
}

function checked(event: unknown, what: string, call: string): EventObject {
  const { type } = (event ?? {}) as { type?: unknown };
  if (typeof event !== 'object' || typeof type !== 'string' || type === '')
    throw new StepError('INVALID_EVENT', `${what} calls ${call}() without an event: an object with a type.`, {
      retryable: false,
    });
  if (type.startsWith('durachart.') || type.startsWith('xstate.'))
    throw new StepError('INVALID_EVENT', `${what} calls ${call}() with ${type}, which only the engine sends.`, {
      retryable: false,
    });
  return storable(event as EventObject, `The event ${type} of ${what}`);
}
