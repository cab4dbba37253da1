import { readConfig } from '../../../src/config.ts';
import { systemClock } from '../../../src/engine/clock.ts';
import { PlatformCalls } from '../../../src/executors/trigger/calls.ts';
import { checkKey } from '../../../src/executors/trigger/platform.ts';
import { startEmbedded } from '../../../src/store/embedded.ts';
import { verify } from './verify.ts';

/**
 * Checks durachart against a real platform: `npm run verify:trigger`, with TRIGGER_SECRET_KEY, TRIGGER_API_URL and DATABASE_URL,
 * while `DURACHART_VERIFY=1 npx trigger.dev dev` (with the same variables) runs the tasks.
 */
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const { databaseUrl, dataDir } = readConfig(process.env);
if (databaseUrl === undefined) throw new Error('Set DATABASE_URL to the database that the tasks use as well.');
await checkKey(process.env, new PlatformCalls(systemClock), say);
const local = await startEmbedded({ dataDir: `${dataDir}/verify` });
say(`Platform: ${process.env['TRIGGER_API_URL'] ?? 'https://api.trigger.dev'}\n`);
say('      total  per step');
const table = await verify({
  database: databaseUrl,
  localDatabase: local.url,
  patience: Number(process.env['VERIFY_SECONDS'] ?? 180) * 1_000,
  kills: true,
  onLine: ({ name, ok, seconds, perStep, why }) => {
    say(
      `${ok ? 'pass' : 'FAIL'} ${seconds.toFixed(1).padStart(6)} s ${(perStep === null ? '' : `${perStep.toFixed(2)} s`).padStart(7)}  ${name}`,
    );
    if (!ok) say(`       ${why.replaceAll('\n', '\n       ')}`);
  },
});
await local.stop();
const failed = table.filter(({ ok }) => !ok).length;
say(`\n${table.length - failed} of ${table.length} passed.`);
process.exitCode = failed === 0 ? 0 : 1;
