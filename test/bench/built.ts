import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
const PROJECT = fileURLToPath(new URL('tsconfig.json', import.meta.url));
const CHILD = fileURLToPath(new URL('../../dist/bench/test/bench/engine-child.js', import.meta.url));

let built: Promise<string> | undefined;

/**
 * The engine's process as JavaScript, as the package is installed: from the sources, a process is ready 0.35 s later,
 * since Node then takes the types off. Made once a run.
 */
export async function builtChild(): Promise<string> {
  built ??= promisify(execFile)(process.execPath, [TSC, '-p', PROJECT]).then(() => CHILD);
  return built;
}
