import {
  Actor,
  assign,
  createActor,
  createMachine,
  fromPromise,
  sendTo,
  setup,
  stopChild,
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateMachine,
} from 'xstate';
import { expect, test } from 'vitest';
import { Machine, type TransitionError } from '../../src/core/machine.ts';
import { joinFamily } from '../../src/core/family.ts';

/** What a reference may say. `own`: not for people, by its name or by its place in XState's types; nothing of it answers for an actor that runs. */
type Verdict = 'true' | 'refused' | 'own';

const WHO = { id: 'i-1', parent: { id: 'p-1', key: '3:mid' } };

/** Each member of XState's actors, and what references say of it: of self, parent, a child and an actor elsewhere. */
const ACTOR: Record<string, Verdict | readonly Verdict[]> = {
  id: ['true', 'refused', 'true', 'refused'],
  sessionId: ['true', 'true', 'refused', 'refused'],
  systemId: ['refused', 'refused', 'true', 'true'],
  src: ['refused', 'refused', 'true', 'refused'],
  _parent: ['true', 'refused', 'true', 'refused'],
  getSnapshot: ['true', 'refused', 'refused', 'refused'],
  ref: 'true',
  system: 'true',
  toJSON: 'true',
  logger: 'true',
  getPersistedSnapshot: 'refused',
  subscribe: 'refused',
  select: 'refused',
  on: 'refused',
  start: 'refused',
  stop: 'refused',
  // Refused when it is called: naming the event.
  send: 'refused',
  _send: 'refused',
  attachDevTools: 'refused',
  clock: 'refused',
  logic: 'refused',
  options: 'refused',
  '@@observable': 'refused',
  _snapshot: 'own',
  mailbox: 'own',
  observers: 'own',
  eventListeners: 'own',
  _processingStatus: 'own',
  _syncSnapshot: 'own',
  _actorScope: 'own',
  _doneEvent: 'own',
  _deferred: 'own',
  _initState: 'own',
  update: 'own',
  _process: 'own',
  _stop: 'own',
  _complete: 'own',
  _reportError: 'own',
  _error: 'own',
  _stopProcedure: 'own',
};

const SYSTEM: Record<string, Verdict> = {
  get: 'true',
  getAll: 'true',
  inspect: 'refused',
  scheduler: 'refused',
  getSnapshot: 'refused',
  start: 'refused',
  _relay: 'own',
  _snapshot: 'own',
  _bookId: 'own',
  _register: 'own',
  _unregister: 'own',
  _set: 'own',
  _sendInspectionEvent: 'own',
  _clock: 'own',
  _logger: 'own',
};

const kid = setup({}).createMachine({ id: 'kid', initial: 'a', states: { a: {} } });

/** The references that code of a machine can get hold of, while it is called. */
function withReferences(look: (references: Record<string, AnyActorRef>) => void): void {
  const machine = setup({ actors: { kid }, types: {} as { context: { kid?: AnyActorRef } } }).createMachine({
    id: 'm',
    context: {},
    invoke: { id: 'k', src: 'kid', systemId: 'sys' },
    on: {
      LOOK: {
        actions: assign(({ self, system }) => {
          look({
            self,
            parent: self._parent as AnyActorRef,
            child: system.get('sys') as AnyActorRef,
            elsewhere: system.get('hub') as AnyActorRef,
          });
          return {};
        }),
      },
    },
  });
  const root = setup({ actors: { machine, kid } }).createMachine({
    invoke: [{ src: 'machine' }, { src: 'kid', systemId: 'hub' }],
  });
  joinFamily(root, machine);
  joinFamily(root, kid);
  const core = new Machine(machine as unknown as AnyStateMachine);
  const { snapshot } = core.start(undefined, WHO);
  core.next(core.restore(core.store(snapshot)), { type: 'LOOK' }, WHO);
}

/** All names that a real actor has, of itself and by its class. */
function membersOf(object: object): string[] {
  const names = new Set<string>();
  for (
    let at: object | null = object;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  )
    for (const key of Reflect.ownKeys(at))
      if (key !== 'constructor') names.add(typeof key === 'symbol' ? '@@observable' : key);
  return [...names].toSorted();
}

function isRefused(reference: object, member: string): boolean {
  try {
    if (member === '@@observable') return (reference as Record<string, unknown>)[member] === undefined;
    const value = (reference as Record<string, unknown>)[member];
    if (member === 'send') (value as (event: object) => void)({ type: 'HI' });
    return false;
  } catch (error) {
    expect((error as TransitionError).name).toBe('TransitionError');
    expect((error as TransitionError).code).toBe('UNSUPPORTED_IN_MACHINE');
    expect((error as Error).message).toContain(member === 'send' ? 'call of send()' : member);
    // What to do instead.
    expect((error as Error).message.split('. ').length).toBeGreaterThan(1);
    return true;
  }
}

const REAL = [
  createActor(createMachine({})),
  createActor(fromPromise(async () => 1)),
  // With what an actor has that was started as a child.
  Object.values(
    createActor(setup({ actors: { kid } }).createMachine({ invoke: { src: 'kid' } })).getSnapshot().children,
  )[0] as AnyActorRef,
];

test('each member of an actor that XState has is true of a reference, or refused', () => {
  expect([...new Set(REAL.flatMap(membersOf))].toSorted()).toEqual(Object.keys(ACTOR).toSorted());
  const kinds = ['self', 'parent', 'child', 'elsewhere'];
  let looked = 0;
  withReferences((references) => {
    for (const [index, kind] of kinds.entries()) {
      for (const [member, verdict] of Object.entries(ACTOR)) {
        const wanted = typeof verdict === 'string' ? verdict : verdict[index];
        if (wanted === 'own') continue;
        looked++;
        expect([kind, member, isRefused(references[kind] as object, member)]).toEqual([
          kind,
          member,
          wanted === 'refused',
        ]);
      }
    }
  });
  expect(looked).toBeGreaterThan(80);
});

test('each member of the system that XState has is true, or refused', () => {
  expect(membersOf(createActor(createMachine({})).system)).toEqual(Object.keys(SYSTEM).toSorted());
  withReferences(({ self }) => {
    for (const [member, verdict] of Object.entries(SYSTEM)) {
      if (verdict !== 'own')
        expect([member, isRefused((self as AnyActorRef).system, member)]).toEqual([member, verdict === 'refused']);
    }
  });
});

test('what references say is so', () => {
  withReferences(({ self, parent, child, elsewhere }) => {
    // As in XState, the id is that under which the parent started it.
    expect([self?.id, self?.sessionId, parent?.sessionId]).toEqual(['mid', 'i-1', 'p-1']);
    expect([
      child?.id,
      child?.src,
      (child as { systemId?: string } | undefined)?.systemId,
      child?._parent === self,
    ]).toEqual(['k', 'kid', 'sys', true]);
    expect((elsewhere as { systemId?: string } | undefined)?.systemId).toBe('hub');
    expect(self?.getSnapshot()).toMatchObject({ value: {}, status: 'active' });
    for (const reference of [self, parent, child, elsewhere]) {
      expect(reference).toBeInstanceOf(Actor);
      expect((reference as { ref?: unknown } | undefined)?.ref).toBe(reference);
      expect(reference?.system).toBe(self?.system);
    }
    expect(() => self?.system.getAll()).toThrow('system.getAll() is called, but');
    expect(() => self?.system.get('nobody')).toThrow(
      "system.get('nobody') is called, but no definition of the machine's tree gives this system id",
    );
  });
});

test('where no instance is known, and where nobody started it, ids are refused', () => {
  const machine = setup({ types: {} as { context: { found: unknown } } }).createMachine({
    context: { found: null },
    on: {
      SELF: { actions: assign({ found: ({ self }) => self.id }) },
      PARENT: { actions: assign({ found: ({ self }) => self._parent?.sessionId }) },
      ALL: { actions: assign({ found: ({ system }) => system.getAll() }) },
      GET: { actions: assign({ found: ({ system }) => system.get('hub') ?? 'none' }) },
    },
  });
  const core = new Machine(machine as unknown as AnyStateMachine);
  const { snapshot } = core.start(undefined);
  const root = { id: 'i-1', parent: null };
  expect(() => core.next(snapshot, { type: 'SELF' })).toThrow('self.id is read where there is no instance yet');
  expect(() => core.next(snapshot, { type: 'PARENT' }, root)).toThrow('nobody started this instance');
  expect(core.next(snapshot, { type: 'ALL' }, root).snapshot.context).toEqual({ found: {} });
  expect(core.next(snapshot, { type: 'GET' }, root).snapshot.context).toEqual({ found: 'none' });
});

test('what is sent to an actor elsewhere is asked for by its system id, now and later, and from a reference in the context', () => {
  const machine = setup({ types: {} as { context: { hub: unknown } } }).createMachine({
    id: 'sends',
    context: { hub: null },
    on: {
      NOW: { actions: sendTo(({ system }) => system.get('hub'), { type: 'HI' }) },
      LATER: { actions: sendTo(({ system }) => system.get('hub'), { type: 'HI' }, { id: 't', delay: 5 }) },
      KEEP: { actions: assign({ hub: ({ system }) => system.get('hub') }) },
      KEPT: { actions: sendTo(({ context }) => context.hub as never, { type: 'HI' } as never) },
    },
  }) as unknown as AnyStateMachine;
  joinFamily(
    setup({ actors: { machine, kid } }).createMachine({ invoke: { src: 'kid', systemId: 'hub' } }) as never,
    machine,
  );
  const core = new Machine(machine);
  const { snapshot } = core.start(undefined, WHO);
  const event = { type: 'HI' };
  const target = { systemId: 'hub' };
  expect(core.next(snapshot, { type: 'NOW' }, WHO).effects).toEqual([{ type: 'send', target, event }]);
  expect(core.next(snapshot, { type: 'LATER' }, WHO).effects).toEqual([
    { type: 'schedule', id: 't', event, target, delay: 5 },
  ]);
  const kept = core.store(core.next(snapshot, { type: 'KEEP' }, WHO).snapshot);
  expect(kept.context).toEqual({ hub: { xstate$$type: 1, id: '#_system.hub' } });
  expect(core.next(core.restore(kept), { type: 'KEPT' }, WHO).effects).toEqual([{ type: 'send', target, event }]);
});

test('an actor of its own that is not there is undefined to a root, as in XState', () => {
  const machine = setup({ actors: { kid }, types: {} as { context: { found: unknown } } }).createMachine({
    context: { found: 'nothing yet' },
    initial: 'a',
    states: { a: {}, b: { invoke: { src: 'kid', systemId: 'sys' } } },
    on: {
      LOOK: { actions: assign({ found: ({ self, system }) => [self.id, self.sessionId, typeof system.get('sys')] }) },
    },
  });
  const core = new Machine(machine as unknown as AnyStateMachine);
  const root = { id: 'i-1', parent: null };
  const { snapshot } = core.start(undefined, root);
  expect(core.next(snapshot, { type: 'LOOK' }, root).snapshot.context).toEqual({ found: ['i-1', 'i-1', 'undefined'] });
});

test('only children are stopped by stopChild(), whatever their ids are', () => {
  const machine = setup({ actors: { kid }, types: {} as { context: object } }).createMachine({
    id: 'stops',
    context: {},
    // The child has the id under which the parent started the machine itself.
    invoke: { id: 'mid', src: 'kid' },
    on: {
      SELF: { actions: stopChild(({ self }) => self) },
      PARENT: { actions: stopChild(({ self }) => self._parent as AnyActorRef) },
      ELSEWHERE: { actions: stopChild(({ system }) => system.get('hub') as AnyActorRef) },
      CHILD: { actions: stopChild('mid') },
      NOBODY: { actions: stopChild('nobody') },
    },
  });
  joinFamily(
    setup({ actors: { machine, kid } }).createMachine({ invoke: { src: 'kid', systemId: 'hub' } }) as never,
    machine as never,
  );
  const core = new Machine(machine as unknown as AnyStateMachine);
  const { snapshot } = core.start(undefined, WHO);
  const sent = (type: string): unknown => core.next(snapshot, { type }, WHO).effects;
  expect(() => sent('SELF')).toThrow('stopChild() is given self, which is no child of this machine');
  expect(() => sent('PARENT')).toThrow('self._parent');
  expect(() => sent('ELSEWHERE')).toThrow("system.get('hub')");
  expect(sent('CHILD')).toEqual([{ type: 'stop', id: 'mid' }]);
  expect(sent('NOBODY')).toEqual([]);
});

test('each member of a snapshot that XState has is that of the transition before', () => {
  let members: string[] = [];
  const machine = setup({ actors: { kid }, types: {} as { context: { n: number } } }).createMachine({
    id: 'shot',
    context: { n: 0 },
    initial: 'a',
    invoke: { id: 'k', src: 'kid' },
    states: {
      a: {
        tags: ['t'],
        meta: { m: 1 },
        on: {
          LOOK: {
            target: 'b',
            actions: [
              assign({ n: 1 }),
              assign(({ self }) => {
                const now = self.getSnapshot() as AnyMachineSnapshot;
                members = Object.keys(now);
                expect(now).toMatchObject({ value: 'a', context: { n: 0 }, status: 'active', historyValue: {} });
                expect([now.output, now.error, now.machine.id]).toEqual([undefined, undefined, 'shot']);
                expect([now.matches('a'), now.matches('b'), now.hasTag('t'), [...now.tags]]).toEqual([
                  true,
                  false,
                  true,
                  ['t'],
                ]);
                expect([now.can({ type: 'LOOK' }), now.can({ type: 'BACK' })]).toEqual([true, false]);
                expect(now.getMeta()).toEqual({ 'shot.a': { m: 1 } });
                expect(Object.keys(now.children)).toEqual(['k']);
                expect(() => now.children['k']?.getSnapshot()).toThrow('child k.getSnapshot is read');
                expect(JSON.parse(JSON.stringify(now))).toMatchObject({ children: { k: { id: 'k' } }, value: 'a' });
                return {};
              }),
            ],
          },
        },
      },
      b: { on: { BACK: 'a' } },
    },
  });
  const real = createActor(setup({}).createMachine({})).getSnapshot();
  const core = new Machine(machine as unknown as AnyStateMachine);
  const { snapshot } = core.start(undefined, WHO);
  core.next(snapshot, { type: 'LOOK' }, WHO);
  expect(members.toSorted()).toEqual(Object.keys(real).toSorted());
  core.next(core.restore(core.store(snapshot)), { type: 'LOOK' }, WHO);
  expect(members.toSorted()).toEqual(Object.keys(real).toSorted());
});
