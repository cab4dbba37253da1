import { z } from 'zod';
import type { ErrorRecord } from '../../src/index.ts';
import { designSchema, type Design } from './design.ts';
import { inputSchema, type Changes, type JobInput } from './input.ts';
import { masterSchema, pictureSchema, qualitySchema, type Picture } from './model.ts';
import { wanted } from './sizes.ts';

const failureSchema = z.object({ step: z.string(), code: z.string(), message: z.string() });
export type Failure = z.infer<typeof failureSchema>;

/** What a job knows. Pictures are in the artifact store; here are their keys. */
export const contextSchema = z.object({
  job: inputSchema,
  design: designSchema.nullable(),
  /** Counts up with each change that was asked for. */
  round: z.int(),
  master: masterSchema.nullable(),
  prints: z.array(pictureSchema).nullable(),
  posts: z.array(pictureSchema).nullable(),
  quality: qualitySchema.nullable(),
  decision: z
    .object({
      verdict: z.enum(['approved', 'rejected', 'changes']),
      /** Null where nobody was named; `auto` where nobody had to be asked. */
      by: z.string().nullable(),
      note: z.string().nullable(),
    })
    .nullable(),
  /** Ids of stored assets that are shown in rooms. */
  assets: z.array(z.string()).nullable(),
  mockups: z.object({ delivered: z.int(), failed: z.int() }).nullable(),
  failure: failureSchema.nullable(),
});
export type Context = z.infer<typeof contextSchema>;

/** What a job that has come to its end gives. */
export const outputSchema = z.object({
  quoteId: z.string(),
  outcome: z.enum(['completed', 'rejected', 'expired']),
  score: z.int(),
  /** Sizes that were made. */
  pictures: z.int(),
  mockups: z.int(),
});

/** The context of a new job. */
export function initialContext(job: JobInput): Context {
  return { job, design: null, round: 1, decision: null, assets: null, mockups: null, failure: null, ...NOTHING_MADE };
}

/** Where each round begins. */
export const NOTHING_MADE = { master: null, prints: null, posts: null, quality: null } as const;

/** The design; from QUOTE_LOADED on there is one. */
export function designOf({ design }: Context): Design {
  if (design === null) throw new Error('There is no design yet.');
  return design;
}

/** Items of the fan-out over the sizes of a kind. */
export function itemsOf(context: Context, kind: 'print' | 'social') {
  const { round, job } = context;
  return wanted(job.outputFormats, kind).map((each) => ({ design: designOf(context), round, ...each }));
}

/** Every picture that was made. */
export function picturesOf({ prints, posts }: Context): Picture[] {
  return [...(prints ?? []), ...(posts ?? [])];
}

/** A design with the changes that were asked for. Another style comes in its own colours, if none are named. */
export function changed(design: Design, { colours, style, ...rest }: Changes): Design {
  const restyled = style !== undefined && style !== design.style;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return {
    ...design,
    ...given,
    style: style ?? design.style,
    colours: restyled ? (colours ?? {}) : { ...design.colours, ...colours },
  };
}

/** What a person is told when a decision is wanted. */
export function question({ job, quality, round }: Context): string {
  const version = round === 1 ? '' : ` (version ${round})`;
  const found =
    quality === null || quality.good
      ? ''
      : `; ${quality.problems.length === 0 ? 'its score is low' : quality.problems[0]}`;
  return `The design of quote ${job.quoteId}${version} waits for your decision. Score: ${quality?.score ?? 0} of 100${found}.`;
}

/** The failure that an `onError` event tells of. */
export function failureFrom(event: object, step: string): Failure {
  const error = ((event as { error?: unknown }).error ?? {}) as Partial<ErrorRecord>;
  return { step, code: error.code ?? 'UNKNOWN', message: error.message ?? '' };
}
