import { assign, setup } from 'xstate';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineStep, defineWorkflow, StepError } from '../../../src/index.ts';
import type { ExportDocument } from '../../../src/engine/operations/instance-rows.ts';
import { eventually, standing, useBench } from '../../support/engine.ts';

const production = useBench();
const development = useBench();
const wait = 10_000;
const HOUR = 3_600_000;

/** What the step `work` does, by amount; a test sets it. */
const behaviour = new Map<number, () => { sum: number } | Promise<{ sum: number }>>();
const keys: string[] = [];
const work = defineStep({
  output: z.object({ sum: z.number() }),
  retry: { maxAttempts: 2, minDelay: HOUR, maxDelay: HOUR, jitter: 0 },
  run: async ({ input, key }) => {
    keys.push(key);
    const { amount } = input as { amount: number };
    return (await behaviour.get(amount)?.()) ?? { sum: amount };
  },
});
const part = setup({}).createMachine({
  id: 'part',
  initial: 'OPEN',
  states: { OPEN: { on: { CLOSE: 'CLOSED' } }, CLOSED: { type: 'final' } },
});

const build = (ready: string) =>
  defineWorkflow({
    name: 'moves',
    machine: setup({
      types: {
        context: {} as { amount: number; sum: number },
        input: {} as { amount: number },
        events: {} as { type: 'GO' } | { type: 'STOP' } | { type: 'PART' },
      },
      actors: { work, part },
    }).createMachine({
      context: ({ input }) => ({ amount: input.amount, sum: 0 }),
      initial: 'NEW',
      states: {
        NEW: { on: { GO: ready, PART: 'PARTED' }, after: { [HOUR]: 'LATE' } },
        [ready]: {
          invoke: {
            id: 'work',
            src: 'work',
            input: ({ context }: { context: { amount: number } }) => ({ amount: context.amount }),
            onDone: { target: 'WORKED', actions: assign({ sum: ({ event }) => event.output.sum }) },
          },
        },
        PARTED: { invoke: { id: 'part', src: 'part', onDone: 'WORKED' } },
        WORKED: { on: { STOP: 'STOPPED' } },
        LATE: {},
        STOPPED: { type: 'final' },
      },
      output: ({ context }: { context: { sum: number } }) => context.sum,
    }),
  });
const moves = build('READY');

type Engine = Awaited<ReturnType<typeof production.worker<readonly [typeof moves]>>>;
/** As a file would hold it. */
const file = async (engine: Engine, id: string): Promise<ExportDocument> =>
  JSON.parse(JSON.stringify(await engine.export(id))) as ExportDocument;
const inState = async (engine: Engine, id: string, state: string): Promise<void> =>
  void (await eventually(async () => (await engine.get(id)).state === state));
/** An instance of production, in WORKED. */
async function worked(engine: Engine, id: string, amount: number): Promise<ExportDocument> {
  await engine.start('moves', { amount }, { id, tags: ['a', 'b'], tenant: 'acme', priority: 7 });
  await engine.send(id, { type: 'GO' }, { key: 'go' });
  await inState(engine, id, 'WORKED');
  return file(engine, id);
}

describe('an export', () => {
  test('holds everything that is stored of an instance', async () => {
    const engine = await production.worker([moves]);
    const document = await worked(engine, 'whole', 1);
    expect(document).toMatchObject({
      format: 'durachart-export',
      formatVersion: 1,
      exportedAt: expect.stringMatching(/Z$/) as string,
      instance: {
        id: 'whole',
        workflow: 'moves',
        status: 'waiting',
        state: 'WORKED',
        tags: ['a', 'b'],
        input: { amount: 1 },
      },
      transitions: [
        { sequence: 1, event: 'xstate.init', diff: { context: { amount: 1, sum: 0 } } },
        { sequence: 2, event: 'GO', to: 'READY' },
        { sequence: 3, to: 'WORKED', stepKey: '2:work', diff: { context: { sum: 1 } } },
      ],
      steps: [{ key: '2:work', status: 'done', input: { amount: 1 }, output: { sum: 1 } }],
      timers: [],
      events: [{ type: 'GO', status: 'taken', sequence: 2, dedupeKey: 'go' }],
      children: [],
    });
    await expect(engine.export('nope')).rejects.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
  });
});

describe('an import', () => {
  test('is a new instance with the same history, and nothing of it runs by itself', async () => {
    const document = await worked(await production.worker([moves]), 'moved', 2);
    const engine = await development.worker([moves]);
    expect(await engine.import(document, { id: 'here', by: 'ada', why: 'to see why' })).toEqual({
      id: 'here',
      created: true,
    });
    expect(await engine.get('here')).toMatchObject({
      status: 'paused',
      state: 'WORKED',
      sequence: 3,
      context: { amount: 2, sum: 2 },
      input: { amount: 2 },
      tenant: 'acme',
      tags: ['a', 'b'],
      priority: 7,
    });
    expect((await engine.history('here')).items.map(({ event, to }) => [event, to])).toEqual([
      ['xstate.init', 'NEW'],
      ['GO', 'READY'],
      ['xstate.done.actor.work', 'WORKED'],
    ]);
    expect(await engine.snapshot('here', 1)).toMatchObject({ value: 'NEW', context: { amount: 2, sum: 0 } });
    expect(await engine.steps('here')).toMatchObject([{ key: '2:work', status: 'done', output: { sum: 2 } }]);
    expect((await engine.operations({ targetId: 'here' })).items).toMatchObject([
      {
        operation: 'import',
        by: 'ada',
        why: 'to see why',
        status: 'applied',
        arguments: { from: { id: 'moved', sequence: 3 } },
        after: { status: 'paused' },
      },
    ]);
    expect((await engine.list({ tag: 'b' })).items).toMatchObject([{ id: 'here' }]);
    // Back again it is the same document, but for where it is.
    const bare = ({ exportedAt: _, instance: { status: __, ...instance }, ...rest }: ExportDocument): unknown =>
      JSON.parse(
        JSON.stringify({ ...rest, instance })
          .replaceAll('"moved"', '"here"')
          .replace(/"worker":\d+/, '"worker":null'),
      );
    expect(bare(await file(engine, 'here'))).toEqual(bare(document));
    await engine.operate('here', { operation: 'unpause' }, { wait });
    await engine.send('here', { type: 'STOP' });
    expect(await engine.result('here')).toBe(2);
  });

  test('begins anew what was running, once it goes on, under a key of its own', async () => {
    const source = await production.worker([moves]);
    const gate = Promise.withResolvers<void>();
    behaviour.set(3, async () => {
      await gate.promise;
      return { sum: 30 };
    });
    await source.start('moves', { amount: 3 }, { id: 'running' });
    await source.send('running', { type: 'GO' });
    await eventually(() => keys.includes('running:2:work'));
    const document = await file(source, 'running');
    expect(document.steps).toMatchObject([{ status: 'running', attempt: 1 }]);
    gate.resolve();
    const engine = await development.worker([moves]);
    await engine.import(document, { id: 'anew' });
    expect(await engine.get('anew')).toMatchObject({ status: 'paused', steps: [{ status: 'queued', attempt: 0 }] });
    await engine.operate('anew', { operation: 'unpause' }, { wait });
    await inState(engine, 'anew', 'WORKED');
    expect(keys.filter((key) => key.startsWith('anew'))).toEqual(['anew:2:work']);
    expect(await engine.steps('anew')).toMatchObject([{ status: 'done', attempt: 1 }]);
  });

  test('keeps what failed failed, and what is done done; both can be moved from there', async () => {
    const source = await production.worker([moves]);
    behaviour.set(4, () => {
      throw new StepError('BROKEN', 'no', { retryable: false });
    });
    await source.start('moves', { amount: 4 }, { id: 'failed' });
    await source.send('failed', { type: 'GO' });
    await standing(source, 'failed', 'failed');
    const failed = await file(source, 'failed');
    await worked(source, 'done', 5);
    await source.send('done', { type: 'STOP' });
    await standing(source, 'done', 'done');
    const done = await file(source, 'done');

    behaviour.delete(4);
    const engine = await development.worker([moves]);
    await engine.import(failed, { id: 'failed' });
    expect(await engine.get('failed')).toMatchObject({ status: 'failed', errorCode: 'BROKEN' });
    await engine.retry('failed', { wait });
    await inState(engine, 'failed', 'WORKED');
    await engine.import(done, { id: 'done' });
    expect(await engine.get('done')).toMatchObject({
      status: 'done',
      output: 5,
      finishedAt: new Date(done.instance.finishedAt as number),
    });
    await engine.operate('done', { operation: 'rewind', to: 2 }, { wait });
    await inState(engine, 'done', 'WORKED');
    expect((await engine.fork('done', { from: 3, id: 'done-fork' })).created).toBe(true);
  });

  test('stands after an earlier transition where that is asked for, paused', async () => {
    const source = await production.worker([moves]);
    const document = await worked(source, 'earlier', 6);
    await source.send('earlier', { type: 'STOP' });
    await standing(source, 'earlier', 'done');
    const engine = await development.worker([moves]);
    await engine.import(await file(source, 'earlier'), { id: 'earlier', from: 2 });
    expect(await engine.get('earlier')).toMatchObject({
      status: 'paused',
      state: 'READY',
      sequence: 5,
      output: null,
      finishedAt: null,
    });
    expect((await engine.history('earlier')).items.at(-1)).toMatchObject({
      event: 'durachart.rewind',
      payload: { to: 2 },
    });
    expect(keys.filter((key) => key.startsWith('earlier:5'))).toEqual([]);
    await engine.operate('earlier', { operation: 'unpause' }, { wait });
    await inState(engine, 'earlier', 'WORKED');
    for (const from of [0, 9])
      await expect(engine.import(document, { from })).rejects.toMatchObject({ code: 'TRANSITION_NOT_FOUND' });
    const ended = await file(source, 'earlier');
    await expect(engine.import(ended, { from: 4 })).rejects.toMatchObject({ code: 'MOMENT_ENDED' });
  });

  test('gives timers and retries the time that they had left', async () => {
    const source = await production.worker([moves]);
    await source.start('moves', { amount: 7 }, { id: 'timed' });
    const timed = await file(source, 'timed');
    behaviour.set(8, () => {
      throw new StepError('BUSY', 'later', { retryable: true });
    });
    await source.start('moves', { amount: 8 }, { id: 'retrying' });
    await source.send('retrying', { type: 'GO' });
    await eventually(async () => (await source.get('retrying')).steps[0]?.status === 'retrying');
    const retrying = await file(source, 'retrying');
    // Files of yesterday.
    for (const document of [timed, retrying]) {
      const moved = (time: number): number => time - 24 * HOUR;
      document.exportedAt = new Date(moved(Date.parse(document.exportedAt))).toISOString();
      for (const timer of document.timers) timer.dueAt = moved(timer.dueAt);
      for (const step of document.steps) step.nextAttemptAt = moved(step.nextAttemptAt as number);
    }
    const engine = await development.worker([moves]);
    await engine.import(timed, { id: 'timed' });
    await engine.import(retrying, { id: 'retrying' });
    const left = async (time: Date | null | undefined) => (time?.getTime() ?? 0) - Date.now();
    expect(await left((await engine.get('timed')).timers[0]?.dueAt)).toBeGreaterThan(0.9 * HOUR);
    expect(await left((await engine.get('retrying')).steps[0]?.nextAttemptAt)).toBeGreaterThan(0.9 * HOUR);
    await engine.operate('timed', { operation: 'unpause' }, { wait });
    expect(await engine.get('timed')).toMatchObject({ status: 'waiting', state: 'NEW' });
    // Rewound, too: the timer is its own.
    await engine.operate('timed', { operation: 'rewind', to: 1 }, { wait });
    expect((await engine.get('timed')).timers).toHaveLength(1);
  });

  test('keeps what lies in the inbox for when it goes on', async () => {
    const source = await production.worker([moves]);
    await source.start('moves', { amount: 9 }, { id: 'inbox' });
    await source.operate('inbox', { operation: 'pause' }, { wait });
    await source.send('inbox', { type: 'GO' });
    const engine = await development.worker([moves]);
    await engine.import(await file(source, 'inbox'), { id: 'inbox' });
    await engine.operate('inbox', { operation: 'unpause' }, { wait });
    await inState(engine, 'inbox', 'WORKED');
  });

  test('of what has not begun begins when it goes on, and not before its time', async () => {
    const source = production.engine([moves]);
    const startAt = new Date(Date.now() + HOUR);
    await source.start('moves', { amount: 14 }, { id: 'later', startAt });
    const later = await file(source, 'later');
    const past = { ...later, instance: { ...later.instance, startAt: Date.now() - 1 } };
    const engine = await development.worker([moves]);
    for (const [id, document, status] of [
      ['later', later, 'scheduled'],
      ['at-once', past, 'waiting'],
    ] as const) {
      await engine.import(document, { id });
      expect(await engine.get(id)).toMatchObject({ status: 'paused', sequence: 0, state: '' });
      await engine.operate(id, { operation: 'unpause' }, { wait });
      await standing(engine, id, status);
    }
  });

  test('comes without children; what waits for one can be skipped or rewound', async () => {
    const source = await production.worker([moves]);
    await source.start('moves', { amount: 10 }, { id: 'parent' });
    await source.send('parent', { type: 'PART' });
    await eventually(async () => (await source.get('parent')).children[0]?.state === 'OPEN');
    const document = await file(source, 'parent');
    expect(document.children).toMatchObject([{ id: 'parent.2.part', workflow: 'part', state: 'OPEN' }]);
    // In the same database, where the child is.
    for (const [id, from] of [
      ['orphan', undefined],
      ['orphan-again', 2],
    ] as const) {
      await source.import(document, { id, from });
      expect(await source.get(id)).toMatchObject({
        status: 'paused',
        state: 'PARTED',
        children: [],
        steps: [{ childId: null }],
      });
      expect((await source.operations({ targetId: id })).items).toMatchObject([
        { result: { children: ['parent.2.part'] } },
      ]);
    }
    await source.operate('orphan', { operation: 'skip', step: 'part' }, { wait });
    await source.operate('orphan', { operation: 'unpause' }, { wait });
    await inState(source, 'orphan', 'WORKED');
    await source.operate('orphan-again', { operation: 'rewind', to: 2 }, { wait });
    await source.operate('orphan-again', { operation: 'unpause' }, { wait });
    await eventually(async () => (await source.get('orphan-again')).children[0]?.state === 'OPEN');
    // That of production is as it was.
    expect(await source.get('parent.2.part')).toMatchObject({ status: 'waiting', state: 'OPEN' });
  });

  test('of a state that the code does not have can be looked at, and rewound', async () => {
    const source = await production.worker([moves]);
    behaviour.set(11, async () => new Promise(() => {}));
    await source.start('moves', { amount: 11 }, { id: 'unknown' });
    await source.send('unknown', { type: 'GO' });
    await inState(source, 'unknown', 'READY');
    const document = await file(source, 'unknown');
    const engine = await development.worker([build('PREPARED')]);
    await engine.import(document, { id: 'unknown' });
    expect(await engine.get('unknown')).toMatchObject({
      status: 'failed',
      state: 'READY',
      errorCode: 'STATE_UNKNOWN',
      context: { amount: 11 },
    });
    expect((await engine.history('unknown')).items).toHaveLength(2);
    await engine.operate('unknown', { operation: 'rewind', to: 1 }, { wait });
    expect(await engine.get('unknown')).toMatchObject({ state: 'NEW' });
    await expect(engine.import(document, { from: 2 })).rejects.toMatchObject({ code: 'STATE_UNKNOWN' });
    const other = await development.worker([defineWorkflow({ name: 'part', machine: part })]);
    await expect(other.import(document)).rejects.toMatchObject({ code: 'UNKNOWN_WORKFLOW' });
  });

  test('with the same key is one; a taken id is refused', async () => {
    const document = await worked(await production.worker([moves]), 'keyed', 12);
    const engine = await development.worker([moves]);
    const first = await engine.import(document, { key: 'k' });
    expect(await engine.import(document, { key: 'k' })).toEqual({ id: first.id, created: false });
    await expect(engine.import(document, { id: first.id })).rejects.toMatchObject({ code: 'ID_TAKEN' });
    await expect(engine.import(document, { id: 'no id' })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect((await engine.import(document)).id).not.toBe(first.id);
  });

  test('of more than a hundred transitions is whole', async () => {
    const source = await production.worker([moves]);
    await worked(source, 'long', 13);
    for (let i = 0; i < 50; i++) {
      await source.operate('long', { operation: 'rewind', to: 2 }, { wait });
      await inState(source, 'long', 'WORKED');
    }
    const engine = await development.worker([moves]);
    await engine.import(await file(source, 'long'), { id: 'long', from: 102 });
    expect(await engine.get('long')).toMatchObject({ sequence: 104, status: 'paused' });
    expect(await engine.snapshot('long', 101)).toEqual(await source.snapshot('long', 101));
  });
});

describe('what is no export is refused', () => {
  const wrong: [string, (document: ExportDocument) => unknown, string][] = [
    ['nothing', () => null, ''],
    ['a list', () => [], ''],
    ['another format', (all) => ({ ...all, format: 'x' }), 'format'],
    ['a version to come', (all) => ({ ...all, formatVersion: 2 }), 'formatVersion'],
    ['no instance', ({ instance: _, ...all }) => all, 'instance'],
    ['a wrong id', (all) => ({ ...all, instance: { ...all.instance, id: '../x' } }), 'instance.id'],
    ['a wrong status', (all) => ({ ...all, instance: { ...all.instance, status: 'x' } }), 'instance.status'],
    ['a transition too few', (all) => ({ ...all, transitions: all.transitions.slice(1) }), 'transitions'],
    [
      'no difference',
      (all) => ({ ...all, transitions: all.transitions.map((row) => ({ ...row, diff: {} })) }),
      'transitions',
    ],
    ['a step twice', (all) => ({ ...all, steps: [...all.steps, ...all.steps] }), 'steps'],
    ['a step of nowhere', (all) => ({ ...all, steps: all.steps.map((row) => ({ ...row, key: '9:work' })) }), 'steps'],
    [
      'a live step that is not there',
      (all) => ({ ...all, instance: { ...all.instance, live: ['1:x'] } }),
      'instance.live',
    ],
    ['a snapshot too few', (all) => ({ ...all, instance: { ...all.instance, snapshot: null } }), 'instance.snapshot'],
    ['an event twice', (all) => ({ ...all, events: [...all.events, ...all.events] }), 'events'],
    [
      'a time that is none',
      (all) => ({ ...all, instance: { ...all.instance, createdAt: 'now' } }),
      'instance.createdAt',
    ],
  ];
  test.each(wrong)('%s', async (name, change, path) => {
    const source = await production.worker([moves]);
    const document = await worked(source, `wrong-${name.replaceAll(' ', '-')}`, 20);
    const engine = development.engine([moves]);
    const before = (await engine.list()).items.length;
    await expect(engine.import(change(document))).rejects.toMatchObject({
      code: 'INVALID_EXPORT',
      details: { issues: expect.arrayContaining([expect.objectContaining({ path })]) as unknown },
    });
    expect((await engine.list()).items).toHaveLength(before);
  });
});
