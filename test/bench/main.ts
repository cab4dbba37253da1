// npm run bench: how fast the engine is, beside the same work done by plain transactions. See --help.
import { migrate } from '../../src/store/migrate.ts';
import { chooseBaseline } from './baseline.ts';
import { Cleanup } from './cleanup.ts';
import { figuresOf, type Results } from './figures.ts';
import { HELP, readOptions, type BenchOptions } from './options.ts';
import { fillWithParked } from './parked.ts';
import { Probe } from './probe.ts';
import { profileEngine } from './profile.ts';
import { report } from './report.ts';
import { measureRound, type RoundParts } from './round.ts';
import { openServer, type BenchDatabase, type BenchServer } from './server.ts';
import { prepareBaseline } from './transition.ts';

const log = (line: string): void => console.error(line);

async function main(options: BenchOptions, cleanup: Cleanup): Promise<void> {
  const began = performance.now();
  const server = await openServer(process.env['DATABASE_URL'], cleanup);
  const probe = await Probe.open(server, cleanup);
  if (options.profile !== undefined) {
    const database = await freshDatabase(server, 'profile');
    return profileEngine({ database, probe, cleanup, instances: options.instances, folder: options.profile });
  }
  const baseline = await chooseBaseline(options.baseline, server.folder);
  const parts: RoundParts = {
    baseline,
    probe,
    cleanup,
    instances: options.instances,
    seconds: options.seconds,
    idle: { warmUp: 15, samples: 30 },
    parallel: { warmUp: 3, samples: options.quick ? 10 : 12 },
    log,
  };
  const results: Results = { options, server, probe, baseline: baseline.label, rounds: [], parked: null, seconds: 0 };
  for (let round = 1; round <= options.rounds; round++) {
    log(`Round ${round} of ${options.rounds}`);
    const database = await freshDatabase(server, `round_${round}`);
    results.rounds.push(await measureRound(parts, database, ['cold', 'warm', 'awaited']));
    await database.drop();
  }
  if (options.parked > 0) results.parked = await measureParked(server, parts, options);
  results.seconds = (performance.now() - began) / 1000;
  const figures = figuresOf(results);
  console.log(report(results, figures));
  if (options.json) console.log(JSON.stringify(figures));
}

async function measureParked(
  server: BenchServer,
  parts: RoundParts,
  options: BenchOptions,
): Promise<Results['parked']> {
  log(`Beside parked instances (up to ${options.parked.toLocaleString('en')})`);
  const database = await freshDatabase(server, 'parked');
  const filled = await fillWithParked(database, options.parked, options.parkedLimitMs, parts.cleanup);
  log(`  ${filled.rows.toLocaleString('en')} made in ${filled.seconds.toFixed(0)} s`);
  const round = await measureRound(parts, database, ['cold', 'warm', 'warm']);
  await database.drop();
  return { filled, round };
}

async function freshDatabase(server: BenchServer, purpose: string): Promise<BenchDatabase> {
  const database = await server.createDatabase(purpose);
  await migrate(database.url);
  await prepareBaseline(database.url);
  return database;
}

const cleanup = new Cleanup();
cleanup.onSignals();
try {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') console.log(HELP);
  else await main(options, cleanup);
} catch (error) {
  // An interrupted run fails everywhere at once; that it was interrupted has been said.
  if (!cleanup.signal.aborted) {
    console.error(`bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exitCode = 1;
  }
} finally {
  await cleanup.run();
}
