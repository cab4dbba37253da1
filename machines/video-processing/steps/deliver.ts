import { z } from 'zod';
import { defineStep, type ArtifactStore } from '../../../src/index.ts';
import { files, readJson, writeJson } from '../files.ts';
import {
  deliveredFileSchema,
  draftSchema,
  FORMATS,
  formatSchema,
  insightsSchema,
  mediaSchema,
  startTiming,
  timingSchema,
  type DeliveredFile,
} from '../model.ts';
import { htmlPage } from '../render/html.ts';
import { draftMarkdown, packMarkdown } from '../render/markdown.ts';
import { RETRY } from './retry.ts';

/** Writes the drafts and the insight pack as Markdown, HTML and JSON, and a list of them. */
export const deliver = defineStep({
  input: z.object({
    media: mediaSchema,
    insights: z.string(),
    drafts: z.record(formatSchema, z.string()),
    score: z.int(),
  }),
  output: z.object({ manifest: z.string(), files: z.int(), bytes: z.int(), timing: timingSchema }),
  retry: RETRY,
  timeout: 5 * 60_000,
  run: async (step) => {
    const { input, artifacts, instance } = step;
    const stop = startTiming();
    const insights = await readJson(artifacts, input.insights, insightsSchema);
    const write = (name: string, content: Content) =>
      writeAll(artifacts, (type) => files.delivered(instance.id, `${name}.${type}`), name, content);
    const delivered = await write('index', {
      title: insights.title,
      markdown: packMarkdown(insights, input.media, input.score),
      value: { ...insights, media: input.media, score: input.score, drafts: FORMATS.map((format) => `${format}.json`) },
    });
    for (const [index, format] of FORMATS.entries()) {
      step.progress((index + 1) / (FORMATS.length + 1), `writing ${format}`);
      const draft = await readJson(artifacts, input.drafts[format], draftSchema);
      delivered.push(...(await write(format, { title: draft.title, markdown: draftMarkdown(draft), value: draft })));
    }
    const { key } = await writeJson(artifacts, files.delivered(instance.id, 'manifest.json'), delivered);
    return {
      manifest: key,
      files: delivered.length,
      bytes: delivered.reduce((sum, { bytes }) => sum + bytes, 0),
      timing: stop(),
    };
  },
});

interface Content {
  title: string;
  markdown: string;
  value: unknown;
}

async function writeAll(
  artifacts: ArtifactStore,
  keyOf: (type: DeliveredFile['type']) => string,
  kind: string,
  content: Content,
): Promise<DeliveredFile[]> {
  const bodies: Record<DeliveredFile['type'], string> = {
    md: content.markdown,
    html: htmlPage(content.title, content.markdown),
    json: `${JSON.stringify(content.value, null, 2)}\n`,
  };
  const written: DeliveredFile[] = [];
  for (const type of deliveredFileSchema.shape.type.options) {
    const { key, size, sha256, location } = await artifacts.put(keyOf(type), bodies[type]);
    written.push({ key, kind, type, bytes: size, sha256, location });
  }
  return written;
}
