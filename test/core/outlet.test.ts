import { expect, test } from 'vitest';
import type { EventObject } from '../../src/core/effect.ts';
import { ActorArguments } from '../../src/core/outlet.ts';
import { thrownBy } from './thrown-by.ts';

type Ref = { id: string; sessionId: string; send: (event: unknown) => void; system: object; _parent: Ref };

function given(invocation: string | undefined, actorId?: string) {
  const sent: EventObject[] = [];
  const emitted: EventObject[] = [];
  const args = new ActorArguments(
    {
      instance: 'i-1',
      invocation,
      what: invocation === undefined ? 'Action act' : 'Step work',
      send: (event) => void sent.push(event),
      emit: (event) => void emitted.push(event),
    },
    actorId,
  );
  return { args, self: args.self as Ref, system: args.system as Record<string, unknown>, sent, emitted };
}

test('a step is an actor of its own, whose parent is the machine', () => {
  const { args, self, system, sent, emitted } = given('work');
  expect([self.id, self.sessionId, JSON.stringify(self)]).toEqual(['work', 'work', '{"id":"work"}']);
  expect([self._parent.id, self.system, args.self]).toEqual(['i-1', system, self]);
  self.send({ type: 'A', n: 1 });
  self._parent.send({ type: 'B', error: new Error('x') });
  args.emit({ type: 'C' });
  expect(sent).toMatchObject([
    { type: 'A', n: 1 },
    { type: 'B', error: { name: 'Error', message: 'x' } },
  ]);
  expect(emitted).toEqual([{ type: 'C' }]);
  // Whether it is a promise, and how it is printed, is asked of anything.
  expect((self as unknown as { then: unknown }).then).toBeUndefined();
  expect(Object.prototype.toString.call(self)).toBe('[object Object]');
});

test("an action's self is the machine", () => {
  const { self, sent } = given(undefined);
  expect(self.id).toBe('i-1');
  self.send({ type: 'A' });
  expect(sent).toEqual([{ type: 'A' }]);
  expect(() => self._parent).toThrow(
    'Action act asks for self._parent, which lives in memory. Use sendParent() in the machine.',
  );
});

test.each<[string, (of: ReturnType<typeof given>) => unknown, string]>([
  [
    'a snapshot',
    ({ self }) => (self as unknown as { getSnapshot: unknown }).getSnapshot,
    'Step work asks for self.getSnapshot',
  ],
  [
    'another actor',
    ({ system }) => system['get'],
    'Step work asks for system.get, which lives in memory. Send the machine',
  ],
  ['a clock', ({ system }) => system['scheduler'], 'Use after or a delayed raise() in the machine.'],
  ['no event', ({ self }) => self.send(undefined), 'calls self.send() without an event'],
  ['text', ({ self }) => self.send('A'), 'calls self.send() without an event'],
  ['no type', ({ args }) => args.emit({ type: '' }), 'calls emit() without an event'],
  [
    'an event of XState’s',
    ({ self }) => self.send({ type: 'xstate.stop' }),
    'xstate.stop, which only the engine sends',
  ],
  [
    'an event of ours',
    ({ args }) => args.emit({ type: 'durachart.emit' }),
    'durachart.emit, which only the engine sends',
  ],
])('refuses %s by name, for good', (_, ask, message) => {
  const error = thrownBy(() => ask(given('work')));
  expect(error.message).toContain(message);
  expect(error).toMatchObject({ name: 'StepError', retryable: false });
});

test('an event that cannot be stored', () => {
  expect(() => given('work').self.send({ type: 'A', at: new Date(0) })).toThrow(
    'The event A of Step work: at is a Date',
  );
});

test('references in the context of an action say what can be said, and refuse the rest', () => {
  const mark = (id: string): object => ({ xstate$$type: 1, id });
  const { args, self } = given(undefined);
  const failure = new Error('kept');
  const context = args.inContext({
    me: mark('#_internal'),
    above: mark('#_parent'),
    hub: mark('#_system.hub'),
    kids: [mark('k'), 1, null],
    failure,
  }) as { me: Ref; above: Ref; hub: Ref & { systemId: string }; kids: Ref[]; failure: Error };
  const { me, above, hub, kids } = context;
  const [kid] = kids as [Ref & { systemId: string; getSnapshot: unknown }];
  expect([me, context.failure, kids.slice(1)]).toEqual([self, failure, [1, null]]);
  expect([kid.id, hub.systemId, JSON.stringify([kid, hub, above])]).toEqual([
    'k',
    'hub',
    JSON.stringify([mark('k'), mark('#_system.hub'), mark('#_parent')]),
  ]);
  const refused: [() => unknown, string][] = [
    [() => kid.getSnapshot, 'Action act asks for child k.getSnapshot'],
    [() => kid.systemId, 'It is known here by its id.'],
    [() => kid.send({ type: 'A' }), 'Send the machine an event by self.send()'],
    [() => hub.id, "system.get('hub').id"],
    [() => above.id, 'self._parent.id'],
    [() => above.sessionId, 'self._parent.sessionId'],
  ];
  for (const [read, message] of refused) {
    expect(thrownBy(read)).toMatchObject({ code: 'UNSUPPORTED_IN_STEP', message: expect.stringContaining(message) });
  }
});

test('an action of a child has the id that its parent gave it', () => {
  const { self } = given(undefined, 'k');
  expect([self.id, self.sessionId]).toEqual(['k', 'i-1']);
});
