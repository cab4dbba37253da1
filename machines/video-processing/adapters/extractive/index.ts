import type { TextEngine } from '../text-engine.ts';
import { assembleDraft } from './drafts.ts';
import { extractInsights } from './insights.ts';

/** Insights and drafts from the transcript's own sentences, without any service. */
export function createExtractive(): TextEngine {
  return {
    insights: extractInsights,
    draft: (material) => Promise.resolve(assembleDraft(material)),
  };
}
