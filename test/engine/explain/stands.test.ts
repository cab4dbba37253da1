import { assign, setup } from 'xstate';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineStep, defineWorkflow, StepError } from '../../../src/index.ts';
import { eventually, reached, standing, stepWhere, useBench } from '../../support/engine.ts';
import { HeldStep, oneStep, waitsForGo } from '../../support/machines.ts';
import { HOUR, ManualClock, YEAR } from '../../support/manual-clock.ts';
import { cause, codes, offered } from './support.ts';

const bench = useBench();

test('scheduled: from when on, and that it can be cancelled', async () => {
  const engine = await bench.worker([waitsForGo('begins-later')]);
  const startAt = new Date(Date.now() + HOUR);
  const { id } = await engine.start('begins-later', undefined, { startAt });
  const explanation = await engine.explain(id);
  expect(explanation).toMatchObject({ id, workflow: 'begins-later', status: 'scheduled', state: '', sequence: 0 });
  expect(explanation.causes).toMatchObject([{ code: 'SCHEDULED', startAt }]);
  expect(explanation.summary).toMatch(/^It has not begun\. It begins in (1 hour|59 minutes)\.$/);
  expect(offered(explanation)).toEqual(['pause', 'cancel']);
});

test('running: which step, since when, in which attempt, how far it is and how long it usually takes', async () => {
  const held = new HeldStep();
  const clock = new ManualClock();
  const engine = await bench.worker([oneStep('runs', held.step({ retry: { maxAttempts: 3 } }))], {
    clock,
    deadAfter: YEAR,
  });
  // Three that took about 10, 20 and 30 seconds are what is usual.
  for (const call of [1, 2, 3]) {
    const { id } = await engine.start('runs', null);
    await held.called(call);
    clock.advance(call * 10_000);
    held.release(call);
    await engine.result(id, { timeout: 10_000 });
  }
  const { id } = await engine.start('runs', null);
  const { progress } = await held.called(4);
  progress(0.4, 'two of five');
  await eventually(async () => (await engine.get(id)).steps[0]?.progress === 0.4 || undefined);
  const first = await engine.explain(id);
  expect(first).toMatchObject({ status: 'running', state: 'BEGUN', sequence: 1 });
  const runs = cause(first, 'RUNNING');
  expect(runs).toMatchObject({
    key: '1:work',
    kind: 'step',
    step: 'work',
    attempt: 1,
    maxAttempts: 3,
    message: 'two of five',
    pace: 'below p50',
    runId: null,
  });
  expect(runs.progress).toBeCloseTo(0.4);
  expect(runs.usual?.samples).toBe(3);
  expect(Math.round((runs.usual?.p50Ms ?? 0) / 1_000)).toBe(20);
  expect(Math.round((runs.usual?.p95Ms ?? 0) / 1_000)).toBe(29);
  expect(runs.words).toMatch(
    /^Step work runs for .+ \(40%, two of five\), attempt 1 of 3; of the last 3 half took at most 20 seconds, 95 of 100 at most (28|29) seconds\.$/,
  );
  expect(offered(runs)).toEqual(['skip', 'cancel']);
  clock.advance(25_000);
  expect(cause(await engine.explain(id), 'RUNNING').pace).toBe('below p95');
  clock.advance(60_000);
  const late = cause(await engine.explain(id), 'RUNNING');
  expect(late).toMatchObject({ pace: 'above p95' });
  expect(late.words).toContain('that is unusually long');
  held.release(4);
});

test('queued: in which line, behind which limits', async () => {
  const held = new HeldStep();
  const engine = await bench.worker([oneStep('queues', held.step({ queue: 'gpu', concurrency: 5 }))], {
    concurrency: 7,
    queues: { gpu: 1 },
  });
  await engine.start('queues', 1);
  await held.called(1);
  const { id } = await engine.start('queues', 2);
  const explanation = await engine.explain(id);
  expect(codes(explanation)).toEqual(['QUEUED']);
  expect(cause(explanation, 'QUEUED')).toMatchObject({
    step: 'work',
    queue: 'gpu',
    limits: { worker: 7, queue: 1, step: 5 },
    runId: null,
    words: expect.stringMatching(/in queue gpu for .+queue gpu runs 1 at a time, work itself 5, a worker 7/) as string,
  });
  held.release(1);
  await held.called(2);
  held.release(2);
});

test('retrying: the last error, and when the next attempt begins', async () => {
  const fails = defineStep<unknown, null>({
    retry: { maxAttempts: 4, minDelay: HOUR, maxDelay: HOUR, jitter: 0 },
    run: () => {
      throw new StepError('RATE_LIMITED', 'Too many.');
    },
  });
  const engine = await bench.worker([oneStep('retries', fails)]);
  const { id } = await engine.start('retries', null);
  await stepWhere(engine, id, ({ status }) => status === 'retrying');
  const explanation = await engine.explain(id);
  expect(codes(explanation)).toEqual(['RETRYING']);
  const retries = cause(explanation, 'RETRYING');
  expect(retries).toMatchObject({
    step: 'work',
    attempt: 1,
    maxAttempts: 4,
    error: { code: 'RATE_LIMITED', class: 'retryable', message: 'Too many.', stack: expect.any(String) as string },
  });
  expect(Math.abs(retries.nextAttemptAt.getTime() - Date.now() - HOUR)).toBeLessThan(60_000);
  expect(explanation.summary).toMatch(
    /^It has been in BEGUN for .+\. Step work failed with RATE_LIMITED \(Too many\.\) in attempt 1 of 4; the next one begins in (1 hour|59 minutes)\.$/,
  );
  expect(offered(retries)).toEqual(['skip', 'pause', 'cancel']);
});

const review = defineWorkflow({
  machine: setup({
    types: {} as {
      context: { by: string };
      events: { type: 'APPROVE'; by: string; level: 'high' | 'low' } | { type: 'REJECT' };
    },
    delays: { patience: 2 * HOUR, later: 5 * HOUR },
  }).createMachine({
    id: 'review',
    context: { by: '' },
    initial: 'READ',
    states: {
      READ: {
        on: { APPROVE: { target: 'DONE', actions: assign({ by: ({ event }) => event.by }) }, REJECT: 'DONE' },
        after: { later: 'DONE', patience: 'DONE' },
      },
      DONE: { type: 'final' },
    },
  }),
  events: { APPROVE: z.object({ by: z.string(), level: z.enum(['high', 'low']), note: z.string().optional() }) },
});

test('waiting: for which events, of which form, until when; and how each is sent', async () => {
  const engine = await bench.worker([review]);
  const { id } = await engine.start('review', undefined, { id: 'review-1' });
  const explanation = await engine.explain(id);
  expect(codes(explanation)).toEqual(['WAITING']);
  const waits = cause(explanation, 'WAITING');
  expect(waits).toMatchObject({
    events: [
      {
        type: 'APPROVE',
        schema: {
          type: 'object',
          properties: { by: { type: 'string' }, level: { enum: ['high', 'low'] } },
          required: ['by', 'level'],
        },
      },
      { type: 'REJECT', schema: null },
    ],
    enteredByError: null,
  });
  expect(Math.abs((waits.deadline?.dueAt.getTime() ?? 0) - Date.now() - 2 * HOUR)).toBeLessThan(60_000);
  expect(waits.words).toMatch(/^It waits for APPROVE or REJECT, with a deadline in (2 hours|1\.9 hours)\.$/);
  expect(waits.operations).toMatchObject([
    {
      operation: 'send',
      command: `durachart send review-1 APPROVE --payload '{"by":"…","level":"high"}'`,
      request: {
        method: 'POST',
        path: '/instances/review-1/events',
        body: { type: 'APPROVE', by: '…', level: 'high' },
      },
    },
    { command: 'durachart send review-1 REJECT', request: { body: { type: 'REJECT' } } },
  ]);
  expect(offered(explanation)).toEqual(['send', 'send', 'edit', 'pause', 'rewind', 'fork', 'cancel']);
  expect(explanation.operations.at(-2)).toMatchObject({
    command: 'durachart fork review-1 --from 1',
    request: { method: 'POST', path: '/instances/review-1/fork', body: { from: 1 } },
  });
});

test('a reminder is a timer, and the deadline is when the wait ends', async () => {
  const machine = setup({ types: {} as { events: { type: 'APPROVE' } } }).createMachine({
    id: 'reminds',
    initial: 'AWAITING',
    states: {
      AWAITING: {
        initial: 'ASKED',
        on: { APPROVE: 'DONE' },
        after: { [168 * HOUR]: 'EXPIRED' },
        states: { ASKED: { after: { [24 * HOUR]: 'REMINDED' } }, REMINDED: {} },
      },
      EXPIRED: { type: 'final' },
      DONE: { type: 'final' },
    },
  });
  const cools = setup({}).createMachine({
    id: 'cools',
    initial: 'HOT',
    states: { HOT: { after: { [24 * HOUR]: 'COLD' } }, COLD: { type: 'final' } },
  });
  const engine = await bench.worker([defineWorkflow({ machine }), defineWorkflow({ machine: cools })]);
  const { id } = await engine.start('reminds', undefined);
  await reached(engine, id, 'AWAITING.ASKED');
  const waits = cause(await engine.explain(id), 'WAITING');
  const { createdAt } = await engine.get(id);
  const hours = (time: Date | undefined) => Math.round(((time?.getTime() ?? 0) - createdAt.getTime()) / HOUR);
  expect(hours(waits.deadline?.dueAt)).toBe(168);
  expect(hours(waits.nextTimer?.dueAt)).toBe(24);
  expect(waits.words).toMatch(
    /^It waits for APPROVE, with a deadline in (7|6\.9) days and a timer in (23 hours|24 hours|1 day)\.$/,
  );
  const { id: other } = await engine.start('cools', undefined);
  await reached(engine, other, 'HOT');
  expect(cause(await engine.explain(other), 'WAITING')).toMatchObject({
    deadline: null,
    nextTimer: { timer: `xstate.after.${24 * HOUR}.cools.HOT` },
    words: expect.stringMatching(/^It waits for a timer in /) as string,
  });
});

test('waiting for nothing at all is said as it is', async () => {
  const machine = setup({}).createMachine({ id: 'dead-end', initial: 'A', states: { A: {} } });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('dead-end', undefined);
  expect(cause(await engine.explain(id), 'WAITING')).toMatchObject({
    events: [],
    deadline: null,
    words: 'It waits for nothing: A takes no event and has no timer.',
  });
});

test('a state that an error led to says so, and can be resumed', async () => {
  const declined = defineStep<unknown, null>({
    run: () => {
      throw new StepError('CARD_DECLINED', 'No.', { retryable: false });
    },
  });
  const machine = setup({ actors: { charge: declined }, types: {} as { events: { type: 'POKE' } } }).createMachine({
    id: 'side-exit',
    initial: 'RECEIVED',
    states: {
      RECEIVED: { invoke: { src: 'charge', onError: 'DECLINED' } },
      DECLINED: { on: { POKE: { target: 'DECLINED', reenter: true } } },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('side-exit', undefined);
  await reached(engine, id, 'DECLINED');
  const waits = cause(await engine.explain(id), 'WAITING');
  expect(waits.enteredByError).toEqual({ step: 'charge', code: 'CARD_DECLINED' });
  expect(waits.words).toBe('It waits for POKE; it came here because charge failed with CARD_DECLINED.');
  expect(offered(waits)).toContain('resume');
});

test("a state that takes the machine's own event for it can be resumed", async () => {
  const machine = setup({
    types: {} as { context: { open: boolean }; events: { type: 'GO_ON' } | { type: 'OPEN' } },
    guards: { open: ({ context }) => context.open },
  }).createMachine({
    id: 'has-resume',
    context: { open: false },
    initial: 'HELD',
    states: {
      HELD: {
        on: { GO_ON: { guard: 'open', target: 'DONE' }, OPEN: { actions: assign({ open: true }) } },
      },
      DONE: { type: 'final' },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine, controls: { resume: 'GO_ON' } })]);
  const { id } = await engine.start('has-resume', undefined);
  expect(offered(await engine.explain(id))).not.toContain('resume');
  await engine.send(id, { type: 'OPEN' });
  await eventually(async () => (await engine.get(id)).sequence === 2);
  const explanation = await engine.explain(id);
  expect(offered(explanation)).toContain('resume');
  expect(explanation.operations.find(({ operation }) => operation === 'edit')?.request.body).toEqual({
    patch: [{ op: 'replace', path: '/open', value: true }],
  });
});

test('failed: step, code, class, message and stack, with retry first', async () => {
  const gone = defineStep<unknown, null>({
    run: () => {
      throw new StepError('NOT_FOUND', 'There is no such thing');
    },
  });
  const engine = await bench.worker([oneStep('fails', gone)]);
  const { id } = await engine.start('fails', null);
  await standing(engine, id, 'failed');
  const explanation = await engine.explain(id);
  expect(codes(explanation)).toEqual(['FAILED']);
  expect(cause(explanation, 'FAILED')).toMatchObject({
    step: { key: '1:work', step: 'work', attempt: 1 },
    error: {
      code: 'NOT_FOUND',
      class: 'final',
      name: 'StepError',
      stack: expect.stringContaining('stands.test') as string,
    },
    words: 'Step work failed for good in attempt 1 of 3: NOT_FOUND, There is no such thing.',
  });
  expect(explanation.operations[0]).toEqual({
    operation: 'retry',
    words: expect.any(String) as string,
    command: `durachart retry ${id}`,
    request: { method: 'POST', path: `/instances/${id}/retry` },
  });
  expect(explanation.operations.find(({ operation }) => operation === 'skip')).toMatchObject({
    command: `durachart skip ${id} --step 1:work --output null`,
    request: { path: `/instances/${id}/skip`, body: { step: '1:work', output: null } },
  });
});

test('failed by the machine itself: no step, its error', async () => {
  const machine = setup({ types: {} as { events: { type: 'GO' } } }).createMachine({
    id: 'throws',
    initial: 'A',
    states: {
      A: {
        on: {
          GO: {
            target: 'B',
            actions: assign(() => {
              throw new Error('not today');
            }),
          },
        },
      },
      B: {},
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('throws', undefined);
  await engine.send(id, { type: 'GO' });
  await standing(engine, id, 'failed');
  const failed = cause(await engine.explain(id), 'FAILED');
  expect(failed).toMatchObject({ step: null, error: { code: 'TRANSITION_FAILED' } });
  expect(failed.words).toContain('not today');
});

test('failed on the result of a step that did well: the step, and the error of the machine', async () => {
  const well = defineStep<unknown, null>({ run: () => null });
  const machine = setup({ actors: { well } }).createMachine({
    id: 'throws-later',
    initial: 'A',
    states: {
      A: {
        invoke: {
          id: 'well',
          src: 'well',
          onDone: {
            target: 'B',
            actions: assign(() => {
              throw new Error('cannot read it');
            }),
          },
        },
      },
      B: {},
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('throws-later', undefined);
  await standing(engine, id, 'failed');
  const failed = cause(await engine.explain(id), 'FAILED');
  expect(failed).toMatchObject({ step: { key: '1:well', step: 'well' }, error: { code: 'TRANSITION_FAILED' } });
  expect(failed.words).toMatch(/^It failed on the result of well with TRANSITION_FAILED: .+cannot read it\.$/);
});

test('done and cancelled: since when, and that they can be forked or rewound', async () => {
  const engine = await bench.worker([waitsForGo('ends')]);
  const done = await engine.start('ends', undefined);
  await engine.send(done.id, { type: 'GO' });
  await engine.result(done.id, { timeout: 10_000 });
  const cancelled = await engine.start('ends', undefined);
  await engine.cancel(cancelled.id);
  await standing(engine, cancelled.id, 'cancelled');
  for (const [id, code] of [
    [done.id, 'DONE'],
    [cancelled.id, 'CANCELLED'],
  ] as const) {
    const explanation = await engine.explain(id);
    expect(explanation.causes).toMatchObject([{ code, at: expect.any(Date) as Date }]);
    expect(offered(explanation)).toEqual(['rewind', 'fork']);
  }
});

test('a workflow that this process does not know, and an instance that nobody knows', async () => {
  const worker = await bench.worker([waitsForGo('known-there')]);
  const { id } = await worker.start('known-there', undefined);
  const visitor = bench.engine([waitsForGo('other')]);
  const explanation = await visitor.explain(id);
  expect(codes(explanation)).toEqual(['WAITING', 'UNKNOWN_WORKFLOW']);
  expect(cause(explanation, 'UNKNOWN_WORKFLOW')).toMatchObject({ workflow: 'known-there' });
  for (const unknown of ['nobody', 'nul\0', 'x'.repeat(2_000)])
    await expect(visitor.explain(unknown)).rejects.toMatchObject({ code: 'INSTANCE_NOT_FOUND' });
});

test('a state that the code no longer has', async () => {
  const version = (state: string) =>
    defineWorkflow({
      machine: setup({ types: {} as { events: { type: 'GO' } } }).createMachine({
        id: 'moves-on',
        initial: state,
        states: { [state]: { on: { GO: 'DONE' } }, DONE: { type: 'final' } },
      }),
    });
  const before = await bench.worker([version('OLD')]);
  const { id } = await before.start('moves-on', undefined);
  await before.stop();
  const after = await bench.worker([version('NEW')]);
  const parked = await after.explain(id);
  expect(codes(parked)).toEqual(['STATE_UNKNOWN', 'WAITING']);
  expect(cause(parked, 'STATE_UNKNOWN')).toMatchObject({ state: 'OLD', value: 'OLD' });
  expect(offered(cause(parked, 'STATE_UNKNOWN'))).toEqual(['resume', 'rewind', 'fork']);
  expect((await after.preview(id, { type: 'GO' })).reason?.code).toBe('STATE_UNKNOWN');
  // Somebody who still has the old code sends an event; the worker with the new one finds that it cannot.
  const visitor = bench.engine([version('OLD')]);
  await visitor.send(id, { type: 'GO' });
  await standing(after, id, 'failed');
  const failed = await after.explain(id);
  expect(codes(failed)).toEqual(['STATE_UNKNOWN']);
  expect(offered(cause(failed, 'STATE_UNKNOWN'))).toContain('retry');
  const elsewhere = cause(await visitor.explain(id), 'STATE_UNKNOWN');
  expect(elsewhere.words).toContain('this process has it, so a retry goes on');
});

test('a region that waits for a person while another one works', async () => {
  const held = new HeldStep();
  const machine = setup({
    actors: { work: held.step() },
    types: {} as { events: { type: 'SIGN' } | { type: 'STOP' } },
  }).createMachine({
    id: 'half-waits',
    type: 'parallel',
    on: { STOP: { actions: [] } },
    states: {
      works: { initial: 'A', states: { A: { invoke: { src: 'work' }, on: { STOP: 'B' } }, B: { type: 'final' } } },
      asks: { initial: 'A', states: { A: { on: { SIGN: 'B' } }, B: {} } },
    },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('half-waits', undefined);
  await held.called(1);
  const explanation = await engine.explain(id);
  expect(codes(explanation)).toEqual(['RUNNING', 'WAITING']);
  const waits = cause(explanation, 'WAITING');
  expect(waits.events).toEqual([{ type: 'SIGN', schema: null }]);
  expect(waits.operations.map(({ command }) => command)).toEqual([`durachart send ${id} SIGN`]);
  await engine.send(id, { type: 'SIGN' });
  await eventually(async () => (await engine.get(id)).sequence === 2);
  expect(codes(await engine.explain(id))).toEqual(['RUNNING']);
  held.release(1);
});

test('parallel steps each have their cause', async () => {
  const held = new HeldStep();
  const fails = defineStep<unknown, null>({
    retry: { maxAttempts: 2, minDelay: HOUR, maxDelay: HOUR, jitter: 0 },
    run: () => {
      throw new StepError('UNAVAILABLE', 'Later.');
    },
  });
  const region = (src: 'held' | 'fails') => ({ initial: 'A', states: { A: { invoke: { id: src, src } } } });
  const machine = setup({ actors: { held: held.step(), fails } }).createMachine({
    id: 'both',
    type: 'parallel',
    states: { a: region('held'), b: region('fails') },
  });
  const engine = await bench.worker([defineWorkflow({ machine })]);
  const { id } = await engine.start('both', undefined);
  await stepWhere(engine, id, ({ status }) => status === 'retrying');
  expect(codes(await engine.explain(id))).toEqual(['RETRYING', 'RUNNING']);
});
