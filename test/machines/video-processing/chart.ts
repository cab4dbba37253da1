import type { Context } from '../../../machines/video-processing/context-schema.ts';
import { videoProcessing } from '../../../machines/video-processing/index.ts';
import type { JobEvent } from '../../../machines/video-processing/input.ts';

const { machine } = videoProcessing;
export const timing = { startedAt: '2026-01-01T00:00:00.000Z', finishedAt: '2026-01-01T00:00:01.000Z', ms: 1_000 };
const media = {
  key: 'j/source.mp4',
  bytes: 10,
  sha256: 'aa',
  container: 'MPEG-4',
  mimeType: 'video/mp4',
  seconds: 20,
  title: 'T',
  video: null,
  audio: null,
};
const drafts = Object.fromEntries(
  ['newsletter', 'blog', 'twitter', 'linkedin'].map((format) => [format, { key: `j/${format}`, method: 'extractive' }]),
);
const review = { key: 'j/review', verdict: 'pass', score: 97, reasons: [], risky: [], fixes: 0, drafts, timing };

/** Outputs that let every step succeed, by invoke id. */
export const DONE: Record<string, object> = {
  validate: { kind: 'local', name: 'a.mp4', bytes: 10, quota: { limit: 100, used: 1 }, timing },
  ingest: { media, timing },
  transcribe: {
    verdict: 'good',
    reason: null,
    key: 'j/transcript',
    method: 'vtt',
    quality: { words: 70, wordsPerMinute: 200, letterShare: 0.9, variety: 0.8 },
    timing,
  },
  'generate-insights': { key: 'j/insights', method: 'extractive', themes: 4, quotes: 3, sections: 2, timing },
  'draft-newsletter': { ...drafts['newsletter'], parts: 1, characters: 9, timing },
  'draft-blog': { ...drafts['blog'], parts: 1, characters: 9, timing },
  'draft-twitter': { ...drafts['twitter'], parts: 1, characters: 9, timing },
  'draft-linkedin': { ...drafts['linkedin'], parts: 1, characters: 9, timing },
  review,
  deliver: { manifest: 'j/manifest', files: 15, bytes: 99, timing },
  store: { rows: 20, bytes: 99, timing },
  'log-analytics': { rows: 11, milliseconds: 9, timing },
};
/** A review that asks for a person. */
export const MANUAL = {
  ...review,
  verdict: 'manual',
  reasons: ['blog: risk: email-address (a@b.de)'],
  risky: ['a@b.de'],
};

/** The machine alone: steps are answered by the test, snapshots go through JSON between any two events. */
export class Chart {
  private snapshot;
  running: Record<string, unknown> = {};

  constructor() {
    const { snapshot, effects } = machine.start({ workspaceId: 'w', source: 'a.mp4', transcript: { text: 'WEBVTT' } });
    this.snapshot = snapshot;
    this.apply(effects);
  }
  get value(): unknown {
    return machine.store(this.snapshot).value;
  }
  get context(): Context {
    return machine.store(this.snapshot).context as unknown as Context;
  }
  done(id: string, output: object = DONE[id] ?? {}): this {
    return this.event({ type: `xstate.done.actor.${id}`, output });
  }
  error(id: string, code: string): this {
    return this.event({ type: `xstate.error.actor.${id}`, error: { code, message: `${id} said ${code}` } });
  }
  send(event: JobEvent): this {
    return this.event(event);
  }
  /** Lets steps succeed until the state is reached. */
  to(state: string): this {
    while (this.value !== state && !(typeof this.value === 'object' && this.value !== null && state in this.value)) {
      const id = Object.keys(this.running)[0];
      if (id === undefined) throw new Error(`Nothing runs in ${JSON.stringify(this.value)}.`);
      this.done(id);
    }
    return this;
  }
  private event(event: { type: string; [key: string]: unknown }): this {
    const next = machine.next(this.snapshot, event);
    if (!next.changed) throw new Error(`${JSON.stringify(this.value)} does not take ${event.type}.`);
    this.snapshot = machine.restore(JSON.parse(JSON.stringify(machine.store(next.snapshot))));
    const id = /actor\.(.*)$/.exec(event.type)?.[1];
    if (id !== undefined) delete this.running[id];
    this.apply(next.effects);
    return this;
  }
  private apply(effects: ReturnType<typeof machine.next>['effects']): void {
    for (const effect of effects) {
      if (effect.type === 'invoke') this.running[effect.id] = effect.input;
      if (effect.type === 'stop') delete this.running[effect.id];
    }
  }
}
