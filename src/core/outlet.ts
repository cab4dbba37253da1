import type { EventObject } from './effect.ts';
import { StepError } from './error.ts';
import { storable } from './json.ts';

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
  readonly emit: (event: unknown) => void;
  private made: { self: object; system: object } | undefined;

  constructor(outlet: Outlet) {
    this.outlet = outlet;
    this.emit = (event) => outlet.emit(checked(event, outlet.what, 'emit'));
  }

  get self(): object {
    return (this.made ??= make(this.outlet)).self;
  }

  get system(): object {
    return (this.made ??= make(this.outlet)).system;
  }
}

function make({ what, instance, invocation, send: deliver }: Outlet): { self: object; system: object } {
  const send = (event: unknown): void => deliver(checked(event, what, 'self.send'));
  const system = refusing({}, 'system', what, OF_SYSTEM);
  const ref = (id: string): object => ({ id, sessionId: id, send, system, toJSON: () => ({ id }) });
  // An action's self is the machine; a step's is an actor of its own, whose parent is the machine.
  if (invocation === undefined) return { system, self: refusing(ref(instance), 'self', what, OF_MACHINE) };
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
