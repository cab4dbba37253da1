import { StepError } from '../../../src/index.ts';
import { decodeText } from '../files.ts';
import type { GivenTranscript } from '../input.ts';
import type { Transcript } from '../model.ts';
import { findSource, openSource, type SourceAccess } from '../source/source.ts';
import { formatOf, parseTranscript } from './captions.ts';

const MAX_BYTES = 10 * 1024 * 1024;
const EXTENSION = /\.(vtt|srt|txt)$/i;

/** @throws StepError `INVALID_INPUT` when the transcript is a file that is not there or may not be read */
export async function assertTranscriptExists(given: GivenTranscript | undefined, access: SourceAccess): Promise<void> {
  if (typeof given === 'string') await find(given, access);
}

/** Reads the transcript that was given with the job or sent later. */
export async function readGiven(given: GivenTranscript, access: SourceAccess): Promise<Transcript> {
  if (typeof given !== 'string') return parseTranscript(given.text, given.format ?? formatOf(given.text));
  const name = await find(given, access);
  const text = await decodeText(await openSource(given, access), name, MAX_BYTES);
  return parseTranscript(text, formatOf(text, name));
}

async function find(source: string, access: SourceAccess): Promise<string> {
  if (/^https?:/i.test(source))
    throw new StepError('INVALID_INPUT', 'A transcript is given as text, as a path, or as upload:<key>.');
  // Nothing else below the root may come out as a transcript.
  if (!source.startsWith('upload:') && !EXTENSION.test(source)) {
    throw new StepError('INVALID_INPUT', `${source} is no .vtt, .srt or .txt file.`);
  }
  const { name, bytes } = await findSource(source, access);
  if (bytes !== null && bytes > MAX_BYTES)
    throw new StepError('INVALID_INPUT', `${source} is too large for a transcript.`);
  return name;
}
