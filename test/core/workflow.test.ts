import { createMachine, fromPromise, setup } from 'xstate';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { DefinitionError, ERROR_CLASSES } from '../../src/core/error.ts';
import { externalEventTypes, matchesEventType } from '../../src/core/event-types.ts';
import { defineStep } from '../../src/core/step.ts';
import { defineWorkflow } from '../../src/core/workflow.ts';

const step = fromPromise(async () => 1);

describe('an existing machine is durable in one line, unchanged', () => {
  const config = {
    id: 'orders',
    initial: 'paying',
    states: {
      paying: { invoke: { src: 'pay', onDone: 'paid' }, on: { SKIP: { actions: 'note' } } },
      paid: { type: 'final' },
    },
  } as const;
  const note = (): void => {};

  test.each([
    ['setup', setup({ actors: { pay: step }, actions: { note } }).createMachine(config)],
    ['createMachine', createMachine(config, { actors: { pay: step }, actions: { note } })],
    [
      'provide',
      setup({ actors: { pay: fromPromise(async () => 0) }, actions: { note } })
        .createMachine(config)
        .provide({ actors: { pay: step } }),
    ],
  ])('registered by %s', (_, machine) => {
    const before = JSON.stringify(machine.config);
    const workflow = defineWorkflow({ machine });
    expect(workflow).toMatchObject({
      name: 'orders',
      version: '1',
      description: undefined,
      errors: ERROR_CLASSES,
      events: {},
      input: undefined,
    });
    expect([...workflow.steps.keys()]).toEqual(['pay']);
    const { snapshot, effects } = workflow.machine.start(undefined);
    expect(effects).toEqual([{ type: 'invoke', id: '0.orders.paying', src: 'pay', input: undefined }]);
    const done = workflow.machine.next(snapshot, { type: 'xstate.done.actor.0.orders.paying', output: 1 });
    expect(done.snapshot.status).toBe('done');
    expect(JSON.stringify(machine.config)).toBe(before);
    expect(machine.implementations.actors['pay']).toBe(step);
  });
});

describe('the name', () => {
  test("is the one given, else the machine's id", () => {
    expect(defineWorkflow({ machine: createMachine({ id: 'm' }), name: 'other' }).name).toBe('other');
    expect(defineWorkflow({ machine: createMachine({ id: 'm' }) }).name).toBe('m');
  });

  test.each(['', '(machine)', 'a b', '-a', 'a.b', 'a'.repeat(101), 'ä', 'a\n'])('is not %j', (name) => {
    expect(() => defineWorkflow({ machine: createMachine({ id: 'm' }), name })).toThrow(DefinitionError);
    expect(() => defineWorkflow({ machine: createMachine({ id: 'm' }), name })).toThrow(JSON.stringify(name));
  });

  test('has to come from somewhere', () => {
    expect(() => defineWorkflow({ machine: createMachine({}) })).toThrow(
      'Give the machine an id, or the workflow a name.',
    );
  });
});

test("version and description are the machine's, unless given", () => {
  const machine = createMachine({ id: 'm', version: '3', description: 'Does it.' });
  expect(defineWorkflow({ machine })).toMatchObject({ version: '3', description: 'Does it.' });
  expect(defineWorkflow({ machine, version: '4' }).version).toBe('4');
});

test('the input and events have schemas, and the errors a class', () => {
  const input = z.object({ id: z.string() });
  const workflow = defineWorkflow({
    machine: createMachine({ id: 'm', on: { GO: {}, 'user.*': {} } }),
    input,
    events: { GO: z.object({}) },
    errors: { MINE: 'final', TIMEOUT: 'final' },
  });
  expect(workflow.input).toBe(input);
  expect(Object.keys(workflow.events)).toEqual(['GO']);
  expect(workflow.errors).toMatchObject({ MINE: 'final', TIMEOUT: 'final', UNKNOWN: 'retryable' });
});

test("retry of a step: its own, then the workflow's for that step, then the workflow's", () => {
  const machine = setup({
    actors: { plain: step, own: defineStep({ retry: { maxAttempts: 9 }, run: () => 1 }) },
  }).createMachine({ id: 'm' });
  const { steps } = defineWorkflow({
    machine,
    retry: { maxAttempts: 2, minDelay: 5 },
    steps: { plain: { retry: { minDelay: 7 }, timeout: 100 } },
  });
  expect(steps.get('plain')).toMatchObject({ retry: { maxAttempts: 2, minDelay: 7 }, timeout: 100 });
  expect(steps.get('own')).toMatchObject({ retry: { maxAttempts: 9, minDelay: 5 }, timeout: undefined });
});

test('options for a step that there is not are refused', () => {
  const machine = setup({ actors: { pay: step } }).createMachine({ id: 'm' });
  expect(() => defineWorkflow({ machine, steps: { pya: {} } })).toThrow(
    'Workflow m: steps.pya names no step of its machine. Steps: pay.',
  );
});

describe('child machines', () => {
  const parentOf = (child: ReturnType<typeof createMachine>, id = 'parent') =>
    setup({ actors: { sub: child } }).createMachine({ id, initial: 'a', states: { a: { invoke: { src: 'sub' } } } });

  test('run as the workflow that was defined from them', () => {
    const child = createMachine({ id: 'child' });
    const workflow = defineWorkflow({ machine: child, name: 'named' });
    const again = defineWorkflow({ machine: child, name: 'another' });
    expect(again).not.toBe(workflow);
    expect(defineWorkflow({ machine: parentOf(child) }).children.get('sub')).toBe(workflow);
  });

  test('may be defined after their parent', () => {
    const child = createMachine({ id: 'child' });
    const parent = defineWorkflow({ machine: parentOf(child) });
    expect(parent.children.get('sub')).toMatchObject({ name: 'child', version: '1' });
    const workflow = defineWorkflow({ machine: child, name: 'named', version: '7' });
    expect(parent.children.get('sub')).toBe(workflow);
    expect(workflow).toMatchObject({ name: 'named', version: '7' });
  });

  test('are named after their parent when they have no id', () => {
    expect(defineWorkflow({ machine: parentOf(createMachine({})) }).children.get('sub')?.name).toBe('parent-sub');
  });

  test('are checked as well', () => {
    expect(() => defineWorkflow({ machine: parentOf(createMachine({ id: 'child', entry: () => {} })) })).toThrow(
      'Workflow child, the root, entry',
    );
  });
});

test('event types that can come from outside, and what fits them', () => {
  const descriptors = externalEventTypes(['GO', 'user.*', 'xstate.done.actor.x', 'GO']);
  expect(descriptors).toEqual(['GO', 'user.*']);
  const fits = (type: string): boolean => matchesEventType(type, descriptors);
  expect(['GO', 'user', 'user.input', 'user.a.b'].filter((type) => !fits(type))).toEqual([]);
  expect(['', '*', 'NO', 'username', 'xstate.stop'].filter(fits)).toEqual([]);
  expect(matchesEventType('anything', ['*'])).toBe(true);
  expect(matchesEventType('xstate.route', ['*'])).toBe(false);
  expect(matchesEventType('xstate.route', ['xstate.route'])).toBe(true);
  expect(matchesEventType('xstate.stop', ['*'])).toBe(false);
});
