import { expect, test } from 'vitest';
import { legal, OPERATIONS, type Operation, type Standing } from '../../../src/engine/operations/legal.ts';

const STATUSES = ['scheduled', 'running', 'waiting', 'paused', 'failed', 'done', 'cancelled'] as const;

/** One that has begun, has one live step in the status, and takes an event. */
function standing(status: Standing['status'], more: Partial<Standing> = {}): Standing {
  const live = status === 'running' ? 'running' : status === 'failed' ? 'failed' : undefined;
  return {
    status,
    sequence: status === 'scheduled' ? 0 : 3,
    steps: live === undefined ? [] : [{ key: '3:work', kind: 'step', status: live }],
    enteredByError: false,
    stateKnown: true,
    accepts: ['GO'],
    ...more,
  };
}

function verdict(operation: Operation, facts: Standing, step?: string): string {
  const said = legal(operation, facts, step);
  return said.ok ? 'ok' : said.code;
}

/** By operation, in the order of the statuses above. */
const TABLE: Record<Operation, string> = {
  retry: 'NOT_FAILED NOT_FAILED NOT_FAILED NOT_FAILED ok NOT_FAILED NOT_FAILED',
  resume: 'NOT_STUCK NOT_STUCK NOT_STUCK ok ok INSTANCE_ENDED INSTANCE_ENDED',
  skip: 'NOTHING_TO_SKIP ok NOTHING_TO_SKIP NOTHING_TO_SKIP ok INSTANCE_ENDED INSTANCE_ENDED',
  rewind: 'NOT_STARTED ok ok ok ok ok ok',
  fork: 'NOT_STARTED ok ok ok ok ok ok',
  edit: 'NOT_STARTED IN_FLIGHT ok ok ok INSTANCE_ENDED INSTANCE_ENDED',
  pause: 'ok ok ok ALREADY_PAUSED NOT_ACTIVE INSTANCE_ENDED INSTANCE_ENDED',
  unpause: 'NOT_PAUSED NOT_PAUSED NOT_PAUSED ok NOT_PAUSED NOT_PAUSED NOT_PAUSED',
  cancel: 'ok ok ok ok ok INSTANCE_ENDED INSTANCE_ENDED',
  send: 'NOT_ACTIVE ok ok NOT_ACTIVE NOT_ACTIVE INSTANCE_ENDED INSTANCE_ENDED',
};

test.each(OPERATIONS)('%s, in every status', (operation) => {
  expect(STATUSES.map((status) => verdict(operation, standing(status))).join(' ')).toBe(TABLE[operation]);
});

test('retry and skip: an action that has failed for good, beside which the instance has gone on or has ended', () => {
  const steps: Standing['steps'] = [{ key: '1:!0.tell', kind: 'action', status: 'failed' }];
  const said = (operation: Operation): string =>
    STATUSES.map((status) => verdict(operation, standing(status, { steps }))).join(' ');
  expect(said('retry')).toBe('NOT_FAILED ok ok NOT_FAILED ok ok NOT_FAILED');
  expect(said('skip')).toBe('ok ok ok ok ok ok INSTANCE_ENDED');
  expect(verdict('skip', standing('done', { steps }), '1:work')).toBe('NOTHING_TO_SKIP');
});

test('resume: also from where an error led, and from a state that the code no longer has', () => {
  for (const status of ['running', 'waiting'] as const) {
    expect(verdict('resume', standing(status, { enteredByError: true }))).toBe('ok');
    expect(verdict('resume', standing(status, { stateKnown: false }))).toBe('ok');
  }
  expect(verdict('resume', standing('done', { enteredByError: true }))).toBe('INSTANCE_ENDED');
});

test('skip: what has no result yet, of a step or a child; an action has none that anybody waits for', () => {
  const skips = (kind: Standing['steps'][number]['kind'], status: Standing['steps'][number]['status']) =>
    verdict('skip', standing('running', { steps: [{ key: '1:a', kind, status }] }));
  for (const status of ['queued', 'running', 'retrying', 'failed'] as const) {
    expect([skips('step', status), skips('workflow', status), skips('action', status)]).toEqual([
      'ok',
      'ok',
      // One that has failed for good is let be.
      status === 'failed' ? 'ok' : 'NOTHING_TO_SKIP',
    ]);
  }
  for (const status of ['done', 'stopped'] as const) expect(skips('step', status)).toBe('NOTHING_TO_SKIP');
  const two = standing('running', {
    steps: [
      { key: '1:a', kind: 'step', status: 'done' },
      { key: '1:b', kind: 'step', status: 'running' },
    ],
  });
  expect([verdict('skip', two), verdict('skip', two, '1:a'), verdict('skip', two, '1:b'), verdict('skip', two, '1:c')]) //
    .toEqual(['ok', 'NOTHING_TO_SKIP', 'ok', 'NOTHING_TO_SKIP']);
});

test('edit: not while something is in flight', () => {
  const edits = (
    status: Standing['status'],
    step: Standing['steps'][number]['status'],
    kind: 'step' | 'action' | 'workflow' = 'step',
  ) => verdict('edit', standing(status, { steps: [{ key: '1:a', kind, status: step }] }));
  const live = ['queued', 'running', 'retrying', 'failed', 'done'] as const;
  expect(live.map((step) => edits('running', step))).toEqual(['IN_FLIGHT', 'IN_FLIGHT', 'IN_FLIGHT', 'ok', 'ok']);
  for (const held of ['paused', 'failed'] as const)
    expect(live.map((step) => edits(held, step))).toEqual(['ok', 'IN_FLIGHT', 'ok', 'ok', 'ok']);
  expect(edits('running', 'queued', 'action')).toBe('IN_FLIGHT');
  expect(edits('running', 'running', 'workflow')).toBe('ok');
});

test('send: only where some event is taken', () => {
  expect(verdict('send', standing('waiting', { accepts: [] }))).toBe('EVENT_NOT_ACCEPTED');
});

test('a refusal is a sentence that says why', () => {
  expect(legal('retry', standing('waiting'))).toEqual({
    ok: false,
    code: 'NOT_FAILED',
    reason: 'The instance is waiting; only a failed one can be retried.',
  });
  expect(legal('edit', standing('running'))).toMatchObject({ reason: expect.stringContaining('3:work') as string });
  for (const operation of OPERATIONS)
    for (const status of STATUSES) {
      const said = legal(operation, standing(status));
      if (!said.ok) expect(said.reason).toMatch(/^The instance .+\.$/s);
    }
});
