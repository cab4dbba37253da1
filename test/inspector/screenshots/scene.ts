import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildInspector } from '../../../src/build-inspector.ts';
import { readConfig } from '../../../src/config.ts';
import { createLog } from '../../../src/http/log.ts';
import { startServer, type Server } from '../../../src/server.ts';
import { VERSION } from '../../../src/version.ts';
import { eventually } from '../../support/engine.ts';

/** A server on which something has happened: videos were turned into packs, some wait for a transcript, some were refused. */
export interface Scene {
  server: Server;
  /** Done. */
  done: string;
  /** Waits for a person in NEEDS_USER_INPUT. */
  waiting: string;
  /** Its input was refused. */
  refused: string;
  close(): Promise<void>;
}

const SAMPLE = {
  workspaceId: 'demo',
  source: 'samples/long-jobs.mp4',
  title: 'What makes long jobs survive crashes',
  transcript: 'samples/long-jobs.vtt',
};

export async function setScene(): Promise<Scene> {
  await buildInspector();
  const folder = await mkdtemp(join(tmpdir(), 'durachart-scene-'));
  const config = readConfig({ DURACHART_DATA_DIR: folder, DURACHART_PORT: '0' });
  const server = await startServer(config, createLog('warn'), VERSION);
  const start = async (input: typeof SAMPLE | Omit<typeof SAMPLE, 'transcript'>, tags: string[]): Promise<string> =>
    (await server.engine.start('video-processing', input, { tags })).id;
  const { transcript: _, ...unheard } = SAMPLE;

  const some = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  const done = await Promise.all(some(9).map((episode) => start(SAMPLE, ['podcast', `episode ${episode}`])));
  const waiting = await Promise.all(some(4).map((take) => start(unheard, ['interview', `take ${take}`])));
  const refused = await Promise.all(
    some(2).map((copy) => start({ ...SAMPLE, source: `samples/lost-${copy}.mp4` }, ['archive'])),
  );
  await Promise.all(done.map(async (id) => server.engine.result(id, { timeout: 120_000 })));
  const stands = async (ids: readonly string[], state: string): Promise<void> => {
    for (const id of ids) await eventually(async () => (await server.engine.get(id)).state === state);
  };
  await stands(waiting, 'NEEDS_USER_INPUT');
  await stands(refused, 'FAILED_VALIDATION');
  // One that waited was helped.
  const [helped = '', first = ''] = waiting;
  const text = await readFile(SAMPLE.transcript, 'utf8');
  await server.engine.send(helped, { type: 'TRANSCRIPT_PROVIDED', text, format: 'vtt' });
  await server.engine.result(helped, { timeout: 120_000 });
  return {
    server,
    done: helped,
    waiting: first,
    refused: refused[0] ?? '',
    close: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
