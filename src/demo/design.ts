import { join, relative } from 'node:path';
import sharp from 'sharp';
import type { Artifact } from '../core/artifact.ts';
import { isInspectorBuilt } from '../http/inspector.ts';
import type { Server } from '../server.ts';
import type { Demo } from './demonstration.ts';

const QUOTE = { text: 'The best way out is always through.', author: 'Robert Frost', style: 'botanical' };

/** A quote becomes prints, posts and mockups; a person approves it, or with `auto` nobody has to. */
export function design(auto: boolean): Demo {
  return {
    workflow: 'design-engine',
    input: {
      quoteId: 'demo-way-out',
      userId: 'demo',
      outputFormats: ['8x10', '18x24', 'social'],
      generateMockups: true,
      mode: auto ? 'auto' : 'manual',
      quote: QUOTE,
    },
    says: `Running design-engine on “${QUOTE.text}” (${QUOTE.author}).`,
    waits: {
      state: 'AWAITING_APPROVAL.ASKED',
      tells: ({ api }, id) => [
        'The pictures are made and wait for your approval. Look at them, and decide:',
        ...(isInspectorBuilt()
          ? [
              `  in the page  ${api.url}/ui/instances/${id} (pictures under Artifacts, the button DESIGN_APPROVED beside the chart)`,
            ]
          : []),
        `  or here      DURACHART_URL=${api.url} npm run durachart -- send ${id} DESIGN_APPROVED`,
        `  or change it DURACHART_URL=${api.url} npm run durachart -- send ${id} CHANGES_REQUESTED --payload '{"changes":{"style":"night"}}'`,
      ],
    },
    results: async (server, id, say) => {
      const children = (await server.engine.steps(id)).flatMap(({ childId }) => childId ?? []);
      for (const owner of [id, ...children]) await showPictures(server, owner, say);
    },
  };
}

async function showPictures(server: Server, id: string, say: (line?: string) => void): Promise<void> {
  const all = await server.artifacts.list(`${id}/`);
  say(`Pictures in ${relative(process.cwd(), join(server.artifactFolder, id))}`);
  for (const artifact of all) {
    const size = await sizeOf(artifact);
    if (size !== undefined) say(`  ${size.padStart(18)}  ${kilobytes(artifact)}  ${artifact.key.slice(id.length + 1)}`);
  }
  say();
}

/** As the file itself says it: pixels, or for a PDF its page in points. */
async function sizeOf({ location }: Artifact): Promise<string | undefined> {
  if (location.endsWith('.pdf')) return 'vectors';
  if (!/\.(png|jpg)$/.test(location)) return undefined;
  const { width, height } = await sharp(location).metadata();
  return `${width} × ${height} px`;
}

function kilobytes({ size }: Artifact): string {
  return `${Math.ceil(size / 1_024).toLocaleString('en')} kB`.padStart(9);
}
