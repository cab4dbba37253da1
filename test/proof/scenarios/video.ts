import { machine } from '../../../machines/video-processing/machine.ts';
import { defineWorkflow, type Step } from '../../../src/index.ts';
import { DONE, MANUAL } from '../../machines/video-processing/chart.ts';
import type { Scenario, World } from '../world.ts';
import { ledgerStep, step } from './parts.ts';

const FORMATS = ['newsletter', 'blog', 'twitter', 'linkedin'];

/** In place of the real steps, which take seconds, others that return what those do. Those that are transactional stay it. */
const stepOf = (name: string): Step<unknown, unknown> => step<unknown>(() => DONE[name]);
const transcribe = step<unknown>((_context, world) =>
  world.isOpen('transcript')
    ? DONE['transcribe']
    : { ...DONE['transcribe'], verdict: 'low', reason: 'Too short.', key: null },
);
/** One after the other, so that the history is always the same. */
const draft = step<unknown>(async ({ input, instance }, world) => {
  const { format } = input as { format: string };
  const before = FORMATS[FORMATS.indexOf(format) - 1];
  if (before !== undefined) await world.took(`xstate.done.actor.draft-${before}`, instance.id);
  return DONE[`draft-${format}`];
});

const standIns = {
  validate: ledgerStep<unknown>(() => DONE['validate']),
  ingest: stepOf('ingest'),
  transcribe,
  'generate-insights': stepOf('generate-insights'),
  'generate-draft': draft,
  review: step<unknown>(() => MANUAL),
  deliver: stepOf('deliver'),
  store: ledgerStep<unknown>(() => DONE['store']),
  'log-analytics': ledgerStep<unknown>(() => DONE['log-analytics']),
};

/** The real machine with all its waits for people. */
export const videoScenario: Scenario = {
  name: 'the video pipeline',
  workflows: [defineWorkflow({ machine: machine.provide({ actors: standIns as never }) })],
  input: { workspaceId: 'w', source: 'a.mp4' },
  drive: async (world: World) => {
    await world.reached('NEEDS_USER_INPUT');
    world.open('transcript');
    await world.call((engine, id) =>
      engine.send(id, { type: 'TRANSCRIPT_PROVIDED', text: 'WEBVTT' }, { key: 'transcript' }),
    );
    await world.reached('REQUIRES_MANUAL_REVIEW');
    await world.call((engine, id) => engine.send(id, { type: 'REVIEW_APPROVED', by: 'ada' }, { key: 'approved' }));
  },
};
