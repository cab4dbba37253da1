import { Actor, type AnyActorRef } from 'xstate';
import { TransitionError } from './error.ts';

/** What is known of an instance when its machine is called. */
export interface Self {
  id: string;
  /** The instance that started it, and the key of that one's invocation: `<sequence>:<invoke id>`. Null for none. */
  parent: { id: string; key: string } | null;
}

/** The id that an instance has as an actor, as in XState: that under which its parent started it, else its own. */
export function actorIdOf({ id, parent }: Self): string {
  return parent === null ? id : parent.key.slice(parent.key.indexOf(':') + 1);
}

/** What a reference stands for. `elsewhere`: an actor of another instance, known by its system id alone. */
export type Kind = 'self' | 'parent' | 'child' | 'elsewhere';

/** The names by which XState's sendTo() knows them; no child can have them. */
export const SELF = '#_internal';
export const PARENT = '#_parent';
/** Before a system id: a reference to an actor of another instance. */
const ELSEWHERE = '#_system.';

const LET_IT_SEND =
  'It is an instance of its own: let it send what is needed by sendParent(), or give it as its output.';
const OBSERVERS =
  'Observers live in memory: engine.subscribe() reports transitions, and an actor sends what others need.';
const SEND = 'Use the action sendTo().';

/**
 * Members of XState's actors that would answer falsely, since they look for something that runs in memory: by kind of reference,
 * what to do in their place. Each other member is true, or is XState's own.
 */
const REFUSED: Readonly<Record<string, Partial<Record<Kind, string>> | string>> = {
  getSnapshot: {
    parent: 'It is an instance of its own: let it give what is needed as input, or send it.',
    child: LET_IT_SEND,
    elsewhere: 'It is an instance of its own: let it send what is needed.',
  },
  getPersistedSnapshot: 'The engine stores it: engine.snapshot() reads it.',
  subscribe: OBSERVERS,
  select: OBSERVERS,
  on: 'Listeners live in memory: engine.subscribe() reports what is emitted, and publishes makes events of it.',
  start: 'The engine starts it.',
  stop: 'Use the action stopChild(), or leave the state that invokes it; a machine ends in a final state.',
  attachDevTools: 'It lives in memory.',
  clock: 'Use after, or a delayed raise() or sendTo().',
  logic: 'It is not what runs.',
  options: 'What an actor was started with is in its own context, if it keeps that.',
  src: { self: 'It is not what runs.', parent: 'It is not known here.', elsewhere: 'It is not known here.' },
  sessionId: {
    child: 'It is the id of an instance that may be still to start. Use its id, which is unique among the children.',
    elsewhere: 'It is known here by its systemId.',
  },
  id: {
    parent: 'It is not known here. self._parent.sessionId is the id of its instance.',
    elsewhere: 'It is known here by its systemId.',
  },
  systemId: { self: 'It is known to the parent, which gave it.', parent: 'It is not known here.' },
  _parent: { parent: 'It is not known here.', elsewhere: 'It is not known here.' },
  _send: SEND,
};

/** What is refused in a machine's code, since a value would be false there. */
export function unsupported(message: string): TransitionError {
  return new TransitionError(message, undefined, 'UNSUPPORTED_IN_MACHINE');
}

interface Marks {
  kind: Kind;
  name: string;
  mark: string;
}

const marks = new WeakMap<object, Marks>();
const given = new WeakMap<object, object>();

/** What XState was given to make an actor with. */
export function optionsOf(actor: object): { input?: unknown; syncSnapshot?: boolean } {
  return given.get(actor) as { input?: unknown; syncSnapshot?: boolean };
}

/** The id by which a reference is stored in a context. */
export function markOf(actor: AnyActorRef): string {
  return marks.get(actor)?.mark ?? actor.id;
}

/** The system id that a stored reference has, where it is to an actor of another instance. */
export function systemIdIn(mark: string): string | undefined {
  return mark.startsWith(ELSEWHERE) ? mark.slice(ELSEWHERE.length) : undefined;
}

/** Whether a reference is to a child of the machine. */
export function isChild(actor: object): boolean {
  return marks.get(actor)?.kind === 'child';
}

/** The system id that a reference to an actor of another instance has. */
export function elsewhere(actor: object): string | undefined {
  const found = marks.get(actor);
  return found?.kind === 'elsewhere' ? found.name : undefined;
}

/**
 * Makes an actor of XState's a reference: what is true of it stays, and everything else is refused by name when it is asked for.
 * @param name the id, or of an actor elsewhere its system id
 */
export function asReference(actor: AnyActorRef, kind: Kind, name: string): void {
  given.set(actor, (actor as unknown as { options: object }).options);
  marks.set(actor, { kind, name, mark: kind === 'elsewhere' ? `${ELSEWHERE}${name}` : name });
  for (const member of FIELDS[kind]) Reflect.deleteProperty(actor, member);
  Object.setPrototypeOf(actor, prototypeOf(kind));
}

const KINDS = ['self', 'parent', 'child', 'elsewhere'] as const;
const OWN = new Set(['clock', 'logic', 'options', 'src', 'sessionId', 'id', 'systemId', '_parent']);

function remedyOf(member: string, kind: Kind): string | undefined {
  const entry = REFUSED[member];
  return typeof entry === 'string' ? entry : entry?.[kind];
}

/** What an actor has of it is a field of its own, in front of the prototype. */
const FIELDS = Object.fromEntries(
  KINDS.map((kind) => [
    kind,
    Object.keys(REFUSED).filter((member) => OWN.has(member) && remedyOf(member, kind) !== undefined),
  ]),
) as Record<Kind, string[]>;

const prototypes = new Map<Kind, object>();

function prototypeOf(kind: Kind): object {
  let prototype = prototypes.get(kind);
  if (prototype === undefined) prototypes.set(kind, (prototype = refusingPrototype(kind)));
  return prototype;
}

function refusingPrototype(kind: Kind): object {
  const prototype = Object.create(Actor.prototype) as object;
  for (const member of Object.keys(REFUSED)) {
    const remedy = remedyOf(member, kind);
    if (remedy === undefined) continue;
    Object.defineProperty(prototype, member, {
      configurable: true,
      get(this: object) {
        throw unsupported(`${called(this)}.${member} is read, which has no true value in the machine. ${remedy}`);
      },
    });
  }
  const observable = Reflect.ownKeys(Actor.prototype).filter(
    (key) => typeof key === 'symbol' || key === '@@observable',
  );
  for (const key of observable) Object.defineProperty(prototype, key, { value: undefined });
  return prototype;
}

/** What a reference is called in messages. */
export function called(actor: object): string {
  const { kind, name } = marks.get(actor) as Marks;
  switch (kind) {
    case 'self':
      return 'self';
    case 'parent':
      return 'self._parent';
    case 'child':
      return `child ${name}`;
    case 'elsewhere':
      return `system.get('${name}')`;
  }
}
