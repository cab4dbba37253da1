import type { Config } from '../config.ts';
import type { Draft, Feedback, Format, Insights, Media, Segment, Transcript } from '../model.ts';

/** What a draft is made of. */
export interface DraftMaterial {
  format: Format;
  insights: Insights;
  transcript: Transcript;
  feedback: Feedback | null;
}

/** Finds out what a transcript says, and writes about it. */
export interface TextEngine {
  insights(transcript: Transcript, title: string, signal: AbortSignal): Promise<Insights>;
  draft(material: DraftMaterial, signal: AbortSignal): Promise<Draft>;
}

/** The media as a transcriber gets at it. */
export interface MediaFile {
  media: Media;
  /** Path on this machine, where there is one. */
  path: string | undefined;
  read(): Promise<AsyncIterable<Uint8Array>>;
}

/** Turns speech into text. */
export interface Transcriber {
  transcribe(file: MediaFile, signal: AbortSignal): Promise<Segment[]>;
}

/** Gemini when there is a key, else the extractive method. Loaded on first use: both are large. */
export async function textEngine(config: Config): Promise<TextEngine> {
  if (config.gemini !== undefined) return (await import('./gemini/index.ts')).createGemini(config.gemini);
  return (await import('./extractive/index.ts')).createExtractive();
}

/** Gemini when there is a key; there is no offline one. */
export async function transcriber(config: Config): Promise<Transcriber | undefined> {
  return config.gemini === undefined ? undefined : (await import('./gemini/index.ts')).createGemini(config.gemini);
}
