import { join, relative } from 'node:path';
import type { Demo } from './demonstration.ts';

const INPUT = {
  workspaceId: 'demo',
  source: 'samples/long-jobs.mp4',
  title: 'What makes long jobs survive crashes',
  transcript: 'samples/long-jobs.vtt',
};

/** A video becomes an insight pack and four drafts. */
export const video: Demo = {
  workflow: 'video-processing',
  input: INPUT,
  says: `Running video-processing on ${INPUT.source}.`,
  results: async ({ artifacts, artifactFolder }, id, say) => {
    const all = await artifacts.list(`${id}/`);
    const results = all.filter(({ key }) => /\/pack\/[a-z]+\.(md|html)$/.test(key));
    say(`Artifacts in ${relative(process.cwd(), join(artifactFolder, id))}`);
    for (const { key, size } of results)
      say(`  ${size.toLocaleString('en').padStart(7)} B  ${key.slice(id.length + 1)}`);
    if (all.length > results.length)
      say(`  and ${all.length - results.length} more: the source, the transcript, the drafts on their way`);
  },
};
