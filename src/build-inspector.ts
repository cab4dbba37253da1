import { randomUUID } from 'node:crypto';
import { glob, rename, rm, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('inspector', import.meta.url));
const BUILT = fileURLToPath(new URL('../dist/inspector', import.meta.url));

/**
 * Builds the inspector where it is missing or older than its sources. In the published package there are no sources, and it
 * is built.
 * @param onBuild called when there is something to do, which takes a few seconds
 */
export async function buildInspector(onBuild: () => void = () => {}): Promise<void> {
  const changed = await newest();
  if (changed === undefined || changed < (await timeOf(`${BUILT}/index.html`))) return;
  onBuild();
  const { build } = await import('vite');
  // Somebody else may be reading the one that is there, or building it, too.
  const fresh = `${BUILT}-${randomUUID()}`;
  try {
    await build({ root: SOURCES, logLevel: 'error', build: { outDir: fresh, emptyOutDir: true } });
    await rm(BUILT, { recursive: true, force: true });
    await rename(fresh, BUILT).catch(async (error: unknown) => {
      // Another one has been quicker, with the same sources.
      if ((await timeOf(`${BUILT}/index.html`)) === 0) throw error;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** When the sources changed last; undefined where there are none. */
async function newest(): Promise<number | undefined> {
  const times: number[] = [];
  for await (const path of glob('**/*', { cwd: SOURCES })) times.push(await timeOf(`${SOURCES}/${path}`));
  return times.length === 0 ? undefined : Math.max(...times);
}

async function timeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}
