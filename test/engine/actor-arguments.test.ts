import { assign, fromPromise, setup, type AnyActorRef } from 'xstate';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent, defineWorkflow, type Workflow } from '../../src/index.ts';
import { eventually, reached, standing, stepWhere, useBench } from '../support/engine.ts';

const bench = useBench();

type Event = { type: 'PROGRESS'; percent: number } | { type: 'GO' };
interface Context {
  percents: number[];
}
const note = assign<Context, { type: 'PROGRESS'; percent: number }, undefined, Event, never>({
  percents: ({ context, event }) => [...context.percents, event.percent],
});

test('a step sends its machine events, in their order and before its result, each once for all attempts', async () => {
  let attempts = 0;
  const ids: unknown[] = [];
  const machine = setup({
    types: {} as { context: Context; events: Event },
    actors: {
      work: fromPromise(async ({ self }) => {
        ids.push([self.id, self.sessionId, JSON.stringify(self)]);
        const machineOf = (self as unknown as { _parent: AnyActorRef })._parent;
        for (const percent of [10, 20, 20]) self.send({ type: 'PROGRESS', percent } as never);
        machineOf.send({ type: 'PROGRESS', percent: 30 + ++attempts });
        if (attempts === 1) throw new Error('once');
        return machineOf.id;
      }),
    },
  }).createMachine({
    id: 'sends-progress',
    context: { percents: [] },
    initial: 'A',
    on: { PROGRESS: { actions: note } },
    states: {
      A: { invoke: { src: 'work', id: 'work', onDone: { guard: ({ event }) => event.output !== '', target: 'B' } } },
      B: { type: 'final' },
    },
    output: ({ context }) => context.percents,
  });
  const engine = await bench.worker([defineWorkflow({ machine, retry: { minDelay: 1 } })]);
  const { id } = await engine.start('sends-progress', undefined);
  expect(await engine.result(id, { timeout: 20_000 })).toEqual([10, 20, 20, 31, 32]);
  expect(ids[0]).toEqual(['work', 'work', '{"id":"work"}']);
});

test('what a step emits its machine emits', async () => {
  const told = defineEvent('step.told', z.object({ n: z.number() }));
  const machine = setup({
    types: {} as { emitted: { type: 'step.told'; n: number } | { type: 'plain' } },
    actors: {
      tell: fromPromise<null, undefined, { type: string; n?: number }>(async ({ emit }) => {
        emit({ type: 'step.told', n: 1 });
        emit({ type: 'plain' });
        return null;
      }),
    },
  }).createMachine({
    id: 'step-emits',
    initial: 'A',
    states: { A: { invoke: { src: 'tell', onDone: 'B' } }, B: {} },
  });
  const hears = setup({ types: {} as { input: { n: number }; context: { n: number } } }).createMachine({
    id: 'hears-step',
    context: ({ input }) => input,
  });
  const engine = await bench.worker([
    defineWorkflow({ machine, publishes: [told] }),
    defineWorkflow({
      machine: hears,
      subscriptions: ({ startedBy }) => [startedBy(told, { input: ({ n }) => ({ n }) })],
    }),
  ] as readonly Workflow[]);
  const { id } = await engine.start('step-emits', undefined);
  await reached(engine, id, 'B');
  const { items } = await engine.history(id);
  expect(items.map(({ event, from, to, emitted }) => [event, from, to, emitted])).toEqual([
    ['xstate.init', null, 'A', []],
    ['durachart.emit', 'A', 'A', [{ type: 'emit', event: { type: 'step.told', n: 1 } }]],
    ['durachart.emit', 'A', 'A', [{ type: 'emit', event: { type: 'plain' } }]],
    [expect.stringContaining('xstate.done.actor.'), 'A', 'B', []],
  ]);
  await eventually(async () => (await engine.list({ workflow: 'hears-step' })).items.length === 1);
});

test('a custom action has its instance’s id, and sends it events', async () => {
  const seen: unknown[] = [];
  const machine = setup({
    types: {} as { context: Context; events: Event },
    actions: {
      act: ({ self, context }) => {
        seen.push([self.id, context.percents]);
        self.send({ type: 'PROGRESS', percent: 50 });
        self.send({ type: 'GO' });
      },
    },
  }).createMachine({
    id: 'acts',
    context: { percents: [] },
    initial: 'A',
    entry: 'act',
    on: { PROGRESS: { actions: note } },
    states: { A: { on: { GO: 'B' } }, B: { type: 'final' } },
    output: ({ context }) => context.percents,
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('acts', undefined);
  expect(await engine.result(id, { timeout: 20_000 })).toEqual([50]);
  expect(seen).toEqual([[id, []]]);
});

test('an event arrives as it was sent, with what is undefined in it', async () => {
  const sent = { type: 'SENT' as const, a: undefined, b: [undefined, { c: undefined }], d: 1 };
  const seen: unknown[] = [];
  const machine = setup({
    types: {} as { context: { seen: unknown }; events: { type: 'SENT' } },
    actors: {
      send: fromPromise(async ({ self }) => self.send(sent as never)),
      look: fromPromise<null, unknown>(async ({ input }) => (seen.push(input), null)),
    },
  }).createMachine({
    id: 'undefined-sent',
    context: { seen: null },
    initial: 'A',
    states: {
      A: {
        invoke: { src: 'send' },
        on: { SENT: { target: 'B', actions: assign({ seen: ({ event }) => event }) } },
      },
      B: { invoke: { src: 'look', input: ({ context }: { context: { seen: unknown } }) => context.seen, onDone: 'C' } },
      C: { type: 'final' },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('undefined-sent', undefined);
  await engine.result(id, { timeout: 20_000 });
  expect(seen).toStrictEqual([sent]);
});

interface Args {
  self: Record<string, (...args: unknown[]) => unknown> & { _parent: AnyActorRef };
  system: Record<string, (...args: unknown[]) => unknown>;
  emit: (event: unknown) => void;
}

test.each<[string, (args: Args) => unknown, string, string]>([
  ['self.getSnapshot', ({ self }) => self['getSnapshot']?.(), 'self.getSnapshot', 'hand what it needs in as its input'],
  ['self.subscribe', ({ self }) => self['subscribe']?.(() => {}), 'self.subscribe', 'hand what it needs in'],
  ['self.on', ({ self }) => self['on']?.('*', () => {}), 'self.on', 'engine.subscribe()'],
  ['self.stop', ({ self }) => self['stop']?.(), 'self.stop', 'Return or throw'],
  [
    'the parent’s snapshot',
    ({ self }) => self._parent.getSnapshot() as unknown,
    'self._parent.getSnapshot',
    'hand what',
  ],
  ['the parent’s parent', ({ self }) => self._parent._parent?.id, 'self._parent._parent', 'sendParent()'],
  ['system.get', ({ system }) => system['get']?.('hub'), 'system.get', 'Send the machine an event by self.send()'],
  ['self.system', ({ self }) => (self as unknown as Args)['system']['getAll']?.(), 'system.getAll', 'self.send()'],
  ['system.scheduler', ({ system }) => system['scheduler'], 'system.scheduler', 'delayed raise()'],
  ['an event that is none', ({ self }) => self['send']?.('GO'), 'self.send()', 'an object with a type'],
  ['nothing to emit', ({ emit }) => emit(undefined), 'emit()', 'an object with a type'],
  ['an event of the engine’s', ({ self }) => self['send']?.({ type: 'xstate.stop' }), 'xstate.stop', 'only the engine'],
  ['an event that cannot be stored', ({ self }) => self['send']?.({ type: 'A', at: new Date(0) }), 'at is a Date', ''],
])('%s is refused in a step by name, and not tried again', async (name, run, what, remedy) => {
  const machine = setup({
    actors: { ask: fromPromise<null>(async (args) => (run(args as unknown as Args), null)) },
  }).createMachine({ id: 'asks', initial: 'A', states: { A: { invoke: { src: 'ask', id: 'ask' } } } });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('asks', undefined);
  const { error } = await standing(engine, id, 'failed');
  expect(error?.message, name).toContain(what);
  expect(error?.message).toContain(remedy);
  expect(error).toMatchObject({ class: 'final', attempt: 1 });
});

test('an action is refused what lives in memory, too', async () => {
  const machine = setup({
    actions: { look: ({ self }) => void self.getSnapshot(), find: ({ system }) => void (system.get('hub') as unknown) },
  }).createMachine({ id: 'looks', entry: ['look', 'find'] });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('looks', undefined);
  const failed = await Promise.all(
    ['look', 'find'].map(async (step) => stepWhere(engine, id, (one) => one.step === step && one.status === 'failed')),
  );
  expect(failed.map(({ attempt, errorCode }) => [attempt, errorCode])).toEqual([
    [1, 'UNSUPPORTED_IN_STEP'],
    [1, 'UNSUPPORTED_IN_STEP'],
  ]);
});
