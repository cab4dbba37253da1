// npm run bench: how fast the engine is, beside the same work done by plain transactions. See --help.
import { migrate } from '../../src/store/migrate.ts';
import { chooseBaseline } from './baseline.ts';
import { Cleanup } from './cleanup.ts';
import { figuresOf, type Results } from './figures.ts';
import { measureInFlight } from './in-flight.ts';
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
    // Over all rounds at least 36 and 12; the more rounds, the fewer in each.
    idle: { warmUp: 10, samples: Math.max(12, Math.ceil(36 / options.rounds)) },
    parallel: { warmUp: 2, samples: Math.max(4, Math.ceil(12 / options.rounds)) },
    events: { scale: 1, samples: Math.max(12, Math.ceil(36 / options.rounds)) },
    folder: server.folder,
    log,
  };
  const results: Results = {
    options,
    server,
    probe,
    baseline: baseline.label,
    rounds: [],
    inFlight: null,
    parked: null,
    seconds: 0,
  };
  for (let round = 1; round <= options.rounds; round++) {
    log(`Round ${round} of ${options.rounds}`);
    const database = await freshDatabase(server, `round_${round}`);
    results.rounds.push(await measureRound(parts, database, ['cold', 'warm', 'awaited']));
    await database.drop();
  }
  log('10,000 instances in flight');
  const database = await freshDatabase(server, 'in_flight');
  results.inFlight = await measureInFlight(database, cleanup);
  await database.drop();
  if (options.parked > 0) {
    // What is left of three minutes, with a minute for measuring beside them.
    const left = Math.max(5_000, 115_000 - (performance.now() - began));
    const limit = options.parkedLimitMs === Infinity ? Infinity : Math.min(options.parkedLimitMs, left);
    results.parked = await measureParked(server, parts, options, limit);
  }
  results.seconds = (performance.now() - began) / 1000;
  const figures = figuresOf(results);
  console.log(report(results, figures));
  if (options.json) console.log(JSON.stringify(figures));
}

async function measureParked(
  server: BenchServer,
  parts: RoundParts,
  options: BenchOptions,
  limitMs: number,
): Promise<Results['parked']> {
  log(`Beside parked instances (up to ${options.parked.toLocaleString('en')})`);
  const database = await freshDatabase(server, 'parked');
  const filled = await fillWithParked(database, options.parked, limitMs, parts.cleanup);
  log(`  ${filled.rows.toLocaleString('en')} made in ${filled.seconds.toFixed(0)} s`);
  const round = await measureRound({ ...parts, events: null }, database, ['cold', 'warm', 'warm']);
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
