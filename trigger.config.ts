import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { defineConfig } from '@trigger.dev/sdk';
import type { MachinePreset } from './src/core/step.ts';

const environment = process.env;

/** Read by the CLI of Trigger.dev: `npx trigger.dev dev` and `deploy`. */
export default defineConfig({
  project: environment['TRIGGER_PROJECT_REF'] ?? 'proj_set_TRIGGER_PROJECT_REF',
  runtime: 'node',
  // Another set of tasks for `npm run verify:trigger`.
  dirs: [environment['DURACHART_VERIFY'] ? './test/trigger/verify/tasks' : './trigger'],
  // Seconds of computing, for runs that name none: a driver's, or a step's without a timeout. Waiting does not count.
  maxDuration: Number(environment['DURACHART_MAX_DURATION'] ?? 3_600),
  // Each task says what it wants; this is for tasks of your own beside them.
  retries: {
    enabledInDev: true,
    default: { maxAttempts: 3, minTimeoutInMs: 1_000, maxTimeoutInMs: 30_000, factor: 2, randomize: true },
  },
  logLevel: 'info',
  machine: (environment['DURACHART_MACHINE_PRESET'] ?? 'small-1x') as MachinePreset,
  // A step costs a second with it, and two and a half without.
  processKeepAlive: { enabled: true, maxExecutionsPerProcess: 50 },
  build: {
    // Native parts and files beside the code: they stay packages.
    external: ['mediainfo.js', 'sharp', 'harfbuzzjs', 'pdfkit'],
    extensions: [
      {
        // Fonts are read as files of their packages, which the bundler does not see: a deployment's image installs these versions.
        name: 'fonts',
        onBuildComplete: async ({ config, addLayer }) => {
          const read = async (path: string) =>
            JSON.parse(await readFile(join(dirname(config.packageJsonPath), path), 'utf8'));
          const { dependencies } = await read('package.json');
          const fonts = Object.keys(dependencies).filter((name) => name.startsWith('@fontsource/'));
          const versions = fonts.map(async (name) => [name, (await read(`node_modules/${name}/package.json`)).version]);
          addLayer({ id: 'fonts', dependencies: Object.fromEntries(await Promise.all(versions)) });
        },
      },
    ],
  },
});
