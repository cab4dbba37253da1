import { describe, expect, test } from 'vitest';
import type { WorkingState } from '../../../machines/video-processing/context-schema.ts';
import { videoProcessing } from '../../../machines/video-processing/index.ts';
import { Chart, DONE, MANUAL, timing } from './chart.ts';

/** Waits for a transcript. */
const withoutTranscript = () =>
  new Chart()
    .to('INGESTED')
    .done('transcribe', { ...DONE['transcribe'], verdict: 'low', reason: 'Too short.', key: null });
/** Waits for a reviewer. */
const underReview = () => new Chart().to('DRAFTED').done('review', MANUAL);

const STEPS: [WorkingState, string][] = [
  ['RECEIVED', 'validate'],
  ['VALIDATED', 'ingest'],
  ['INGESTED', 'transcribe'],
  ['TRANSCRIBED', 'generate-insights'],
  ['DRAFTED', 'review'],
  ['REVIEWED', 'deliver'],
  ['DELIVERED', 'store'],
  ['STORED', 'log-analytics'],
];

test('every state that waits or works has a description', () => {
  const states = videoProcessing.machine.definition.states.filter(({ parent }) => parent === '');
  expect(states.map(({ path }) => path)).toEqual([
    'RECEIVED',
    'VALIDATED',
    'INGESTED',
    'TRANSCRIBED',
    'INSIGHTS',
    'DRAFTED',
    'REVIEWED',
    'DELIVERED',
    'STORED',
    'ANALYTICS_LOGGED',
    'FAILED_VALIDATION',
    'BLOCKED_ENTITLEMENT',
    'NEEDS_USER_INPUT',
    'REQUIRES_MANUAL_REVIEW',
    'FAILED',
  ]);
  for (const state of states) expect(state.description).toBeTruthy();
});

test('every step has the retry of the contract', () => {
  expect(videoProcessing.steps.size).toBe(9);
  for (const { retry } of videoProcessing.steps.values()) {
    expect(retry).toMatchObject({ maxAttempts: 3, minDelay: 1_000, factor: 2, maxDelay: 30_000 });
  }
});

describe('FAILED', () => {
  test.each(STEPS)('%s remembers the error of %s, and RETRY goes back', (state, step) => {
    const chart = new Chart().to(state).error(step, 'NETWORK_ERROR');
    expect(chart.value).toBe('FAILED');
    expect(chart.context.failure).toEqual({
      state,
      step,
      code: 'NETWORK_ERROR',
      message: `${step} said NETWORK_ERROR`,
    });
    expect(chart.running).toEqual({});
    chart.send({ type: 'RETRY' });
    expect(chart.value).toBe(state);
    expect(chart.context.failure).toBeNull();
    expect(Object.keys(chart.running)).toEqual([step]);
    expect(chart.to('ANALYTICS_LOGGED').context.files).toBe(15);
  });
});

describe('FAILED_VALIDATION', () => {
  test.each(STEPS.slice(0, 3))('INVALID_INPUT in %s leads there, and RETRY may correct the input', (state, step) => {
    const chart = new Chart().to(state).error(step, 'INVALID_INPUT');
    expect(chart.value).toBe('FAILED_VALIDATION');
    chart.send({ type: 'RETRY', source: 'b.mp4', title: 'New' });
    expect(chart.value).toBe('RECEIVED');
    expect(chart.running['validate']).toEqual({
      workspaceId: 'w',
      source: 'b.mp4',
      title: 'New',
      transcript: { text: 'WEBVTT' },
    });
    chart.to('ANALYTICS_LOGGED');
  });
  test('INVALID_INPUT of a later step is our own mistake', () => {
    expect(new Chart().to('TRANSCRIBED').error('generate-insights', 'INVALID_INPUT').value).toBe('FAILED');
  });
});

test('BLOCKED_ENTITLEMENT goes on when the quota was raised', () => {
  const chart = new Chart().error('validate', 'QUOTA_EXCEEDED');
  expect(chart.value).toBe('BLOCKED_ENTITLEMENT');
  expect(chart.context.failure?.code).toBe('QUOTA_EXCEEDED');
  expect(chart.send({ type: 'RETRY' }).value).toBe('RECEIVED');
  chart.to('ANALYTICS_LOGGED');
});

describe('NEEDS_USER_INPUT', () => {
  test('says why, and goes on from INGESTED with the transcript that was sent', () => {
    const chart = withoutTranscript();
    expect(chart.value).toBe('NEEDS_USER_INPUT');
    expect(chart.context.transcriptReason).toBe('Too short.');
    chart.send({ type: 'TRANSCRIPT_PROVIDED', text: 'Better text', format: 'txt' });
    expect(chart.value).toBe('INGESTED');
    expect(chart.running['transcribe']).toMatchObject({ given: { text: 'Better text', format: 'txt' }, round: 2 });
    chart.to('ANALYTICS_LOGGED');
  });
  test('takes a file, too, and RETRY', () => {
    const chart = withoutTranscript().send({ type: 'TRANSCRIPT_PROVIDED', source: 'upload:t.vtt' });
    expect(chart.running['transcribe']).toMatchObject({ given: 'upload:t.vtt' });
    expect(withoutTranscript().send({ type: 'RETRY' }).value).toBe('INGESTED');
  });
  test('the text leaves the context once it is stored', () => {
    const chart = new Chart().to('INGESTED');
    expect(chart.context.job.transcript).toEqual({ text: 'WEBVTT' });
    expect(chart.to('TRANSCRIBED').context.job.transcript).toBeUndefined();
  });
});

describe('REQUIRES_MANUAL_REVIEW', () => {
  test('approved: delivered as it is', () => {
    const chart = underReview();
    expect(chart.value).toBe('REQUIRES_MANUAL_REVIEW');
    chart.send({ type: 'REVIEW_APPROVED', by: 'Ada', note: 'fine' });
    expect(chart.value).toBe('REVIEWED');
    expect(chart.context.decision).toEqual({ verdict: 'approved', by: 'Ada', note: 'fine' });
    chart.to('ANALYTICS_LOGGED');
  });
  test('edited: checked again', () => {
    const chart = underReview().send({ type: 'REVIEW_EDITED', drafts: { blog: 'Mine' }, by: 'Ada' });
    expect(chart.value).toBe('DRAFTED');
    expect(chart.running['review']).toMatchObject({ edits: { blog: 'Mine' }, round: 2 });
    expect(chart.done('review').context.edits).toBeNull();
    chart.to('ANALYTICS_LOGGED');
  });
  test('rejected: all drafts anew without the risky passages, at most three times', () => {
    const chart = underReview();
    for (const round of [2, 3, 4]) {
      chart.send({ type: 'REVIEW_REJECTED', reason: 'No addresses' });
      expect(Object.keys(chart.running)).toHaveLength(4);
      expect(chart.running['draft-blog']).toMatchObject({
        feedback: { reason: 'No addresses', avoid: ['a@b.de'] },
        round,
      });
      chart.to('DRAFTED').done('review', MANUAL);
    }
    chart.send({ type: 'REVIEW_REJECTED', reason: 'Enough' });
    expect(chart.value).toBe('FAILED');
    expect(chart.context.failure).toMatchObject({ state: 'DRAFTED', code: 'REVIEW_REJECTED', message: 'Enough' });
    expect(chart.send({ type: 'RETRY' }).value).toBe('DRAFTED');
  });
});

describe('INSIGHTS', () => {
  test('four drafts run side by side, in any order', () => {
    const chart = new Chart().to('INSIGHTS');
    expect(Object.keys(chart.running)).toEqual(['draft-newsletter', 'draft-blog', 'draft-twitter', 'draft-linkedin']);
    chart.done('draft-linkedin').done('draft-newsletter').done('draft-twitter');
    expect(chart.value).toEqual({
      INSIGHTS: { newsletter: 'drafted', blog: 'drafting', twitter: 'drafted', linkedin: 'drafted' },
    });
    expect(chart.done('draft-blog').value).toBe('DRAFTED');
  });
  test('one that fails lets the others finish; RETRY writes only that one', () => {
    const chart = new Chart().to('INSIGHTS').error('draft-twitter', 'CONTENT_POLICY_VIOLATION');
    expect(chart.value).toEqual({
      INSIGHTS: { newsletter: 'drafting', blog: 'drafting', twitter: 'failed', linkedin: 'drafting' },
    });
    chart.done('draft-blog').done('draft-linkedin').done('draft-newsletter');
    expect(chart.value).toBe('FAILED');
    expect(chart.context.failure).toMatchObject({
      state: 'INSIGHTS',
      step: 'draft-twitter',
      code: 'CONTENT_POLICY_VIOLATION',
    });
    chart.send({ type: 'RETRY' });
    expect(Object.keys(chart.running)).toEqual(['draft-twitter']);
    expect(chart.done('draft-twitter').value).toBe('DRAFTED');
  });
});

test('the context stays small', () => {
  const chart = new Chart().to('ANALYTICS_LOGGED');
  expect(JSON.stringify(chart.context).length).toBeLessThan(4_000);
  expect(chart.context.steps['transcribe']).toEqual({
    runs: 1,
    milliseconds: 1_000,
    finishedAt: timing.finishedAt,
    counts: { words: 70 },
  });
});

test('an event that a state does not take is refused', () => {
  expect(() => new Chart().send({ type: 'REVIEW_APPROVED' })).toThrow('does not take');
});
