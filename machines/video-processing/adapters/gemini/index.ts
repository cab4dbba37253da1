import type { TextEngine, Transcriber } from '../text-engine.ts';
import { GeminiClient, type GeminiConfig } from './client.ts';
import { transcribe } from './transcribe.ts';
import { draft, insights } from './write.ts';

/** Speech to text, insights and drafts by Gemini. */
export function createGemini(config: GeminiConfig): TextEngine & Transcriber {
  const client = new GeminiClient(config);
  return {
    transcribe: (file, signal) => transcribe(client, file, signal),
    insights: (transcript, title, signal) => insights(client, transcript, title, signal),
    draft: (material, signal) => draft(client, material, signal),
  };
}
