import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEngine } from '../../src/create-engine.ts';
import { registry } from '../../src/engine/create.ts';
import type { Engine } from '../../src/engine/api.ts';
import type { ArtifactStore } from '../../src/index.ts';
import { seeded } from '../proof/random.ts';
import { Client } from './client.ts';
import { Journal } from './journal.ts';
import { readOptions } from './options.ts';
import { Proxy } from './proxy.ts';
import { listed, table } from './report.ts';
import { Server } from './server.ts';
import { Storm } from './storm.ts';
import { verify } from './verify/verify.ts';
import { Workers } from './workers.ts';
import { chaosWorkflows, chosenOf } from './workflows.ts';

/** Clients at a time. */
const CLIENTS = 32;
const WORKERS = 3;
/** Nobody may stand still for so long once it is calm. */
const PATIENCE = 60_000;

const options = readOptions(process.argv.slice(2));
const { seed, instances } = options;
const random = seeded(seed);
console.warn = () => {};
const say = (line: string): void => console.log(line);
const began = Date.now();
const clock = (): string => `${((Date.now() - began) / 1_000).toFixed(0).padStart(4)} s`;

const workflows = chaosWorkflows(seed, () => {});
say(
  `chaos, seed ${seed}: ${instances.toLocaleString('en')} instances of ${registry(workflows).size} workflows, ${WORKERS} workers`,
);

const server = await Server.start();
const proxy = await Proxy.before(server.port);
const url = server.urlAt(proxy.port);
const ledger = join(server.folder, 'ledger');
const workers = new Workers(
  WORKERS,
  [url, String(seed), ledger, chosenOf(workflows).join()],
  join(server.folder, 'compiled'),
);
const engine = createEngine({
  database: url,
  workflows,
  artifacts: undefined as unknown as ArtifactStore,
  onFault: () => {},
}) as unknown as Engine;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void (async () => {
      await workers.stop();
      await server.stop();
      process.exit(130);
    })();
  });
}
while (workers.ready < WORKERS) await sleep(50);
say(`${clock()}  the workers are up; the storm begins (${options.storm / 1_000} s or more)`);

const journal = new Journal();
const storm = new Storm({ random, workers, server, proxy });
const client = new Client({ engine, workflows, journal, seed });
storm.begin();
const stormBegan = Date.now();
let next = 0;
let lived = 0;
/** Starts new instances evenly over the storm. */
async function clientLoop(): Promise<void> {
  while (next < instances) {
    const number = next++;
    const due = stormBegan + (options.storm * number) / instances;
    await sleep(Math.max(0, due - Date.now()));
    await client.live(number);
    lived++;
  }
}
const progress = setInterval(() => {
  const { counts } = storm;
  const kills = Object.entries(counts).filter(([what]) => what.includes('killed'));
  const killed = kills.reduce((sum, [, times]) => sum + times, 0);
  say(
    `${clock()}  ${lived.toLocaleString('en')} instances lived through, ${journal.answers.length.toLocaleString('en')} answers, ` +
      `${killed} kills, ${storm.blows.length} blows, ${proxy.swallowed} answers lost, workers up ${workers.ready}/${WORKERS}`,
  );
}, 5_000);
// On a machine that has much else to do the storm ends all the same, and the rest is lived through in the calm.
const clients = Promise.all(Array.from({ length: CLIENTS }, clientLoop));
await Promise.race([clients, sleep(2 * options.storm, undefined, { ref: false })]);
const underStorm = lived;
const stormy = Date.now() - stormBegan;
await storm.end();
await clients;
clearInterval(progress);
say(`${clock()}  calm; everything that has something to do must get on with it within ${PATIENCE / 1_000} s`);

const { checks, work } = await verify({
  server,
  journal,
  client,
  ledger,
  workers,
  workflows: registry(workflows),
  blows: storm.blows,
  patience: PATIENCE,
  say: (line) => say(`${clock()}  ${line}`),
});
await engine.stop();
await workers.stop();
await proxy.close();

for (const [fault, times] of [...workers.faults].toSorted((a, b) => b[1] - a[1]).slice(0, 12))
  say(`  fault     ${times} × ${fault}`);
say('');
say(`  storm     ${(stormy / 1_000).toFixed(0)} s, ${underStorm.toLocaleString('en')} instances lived through in it`);
say(`  blows     ${listed({ ...storm.counts, 'answers lost': proxy.swallowed })}`);
say(`  work      ${listed(work)}`);
say(
  `  clients   ${listed({ answers: journal.answers.length, 'calls made again': journal.unavailable, 'ms for the slowest call': journal.slowest })}`,
);
say('');
say(table(checks));
say('');
const breaches = checks.reduce((sum, { breaches: found }) => sum + found.length, 0);
say(
  breaches === 0
    ? `Nothing lost, nothing twice, nothing stuck. Seed ${seed}, ${clock().trim()}.`
    : `${breaches} breaches. Seed ${seed}: npm run chaos -- --seed ${seed} --instances ${instances} --seconds ${options.storm / 1_000}`,
);
if (options.keep) {
  say(`The database and the ledger are left in ${server.folder}.`);
  process.exit(breaches === 0 ? 0 : 1);
}
await server.stop();
process.exitCode = breaches === 0 ? 0 : 1;
