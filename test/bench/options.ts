import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface BenchOptions {
  json: boolean;
  rounds: number;
  quick: boolean;
  instances: number;
  /** Seconds of one run of the baseline. */
  seconds: number;
  baseline: 'pgbench' | 'node' | undefined;
  /** Parked instances; 0 leaves that part out. */
  parked: number;
  /** Milliseconds after which no more of them are made. */
  parkedLimitMs: number;
  /** Folder for a CPU profile of the engine; nothing else is done then. */
  profile: string | undefined;
}

export const HELP = `node test/bench/main.ts [options]     (npm run bench -- [options])
  --json              one JSON object on the last line
  --rounds N          rounds, each with a fresh database and a fresh engine process (3)
  --quick             one round, fewer samples, 50,000 parked instances
  --instances N       instances of a burst (1000)
  --seconds N         length of one run of the baseline (2)
  --baseline KIND     pgbench or node; default: pgbench where it is installed
  --parked [N]        1,000,000 parked instances (or N), however long it takes to make them;
                      default: as many of 1,000,000 as can be made in 40 s (less on a slow machine)
  --no-parked         leave that part out
  --profile DIR       no figures: CPU profiles of the engine into DIR, and where its time and the server's went
  BENCH_PAYLOAD_KB=N  size of the contexts (1);  BENCH_STEPS=N  steps of an instance in a burst (10)
  DATABASE_URL        the Postgres to use (its user may create databases); default: the embedded one, in a temporary folder`;

/** @throws Error that tells what is wrong with the arguments */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values, positionals } = parseArgs({
    // `--parked` may stand without a number.
    args: args.map((arg, i) => (arg === '--parked' && !/^\d+$/.test(args[i + 1] ?? '') ? '--parked=1000000' : arg)),
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      instances: { type: 'string', default: '1000' },
      seconds: { type: 'string' },
      baseline: { type: 'string' },
      parked: { type: 'string' },
      'no-parked': { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  if (positionals.length > 0) throw new Error(`${positionals[0]} is no option. See --help.`);
  if (values.help) return 'help';
  const { quick, json, baseline, profile } = values;
  if (baseline !== undefined && baseline !== 'pgbench' && baseline !== 'node') {
    throw new Error('--baseline is pgbench or node.');
  }
  return {
    json,
    quick,
    baseline,
    profile,
    rounds: whole('rounds', values.rounds ?? (quick ? '1' : '3')),
    instances: whole('instances', values.instances),
    seconds: whole('seconds', values.seconds ?? (quick ? '1' : '2')),
    parked: values['no-parked'] ? 0 : whole('parked', values.parked ?? (quick ? '50000' : '1000000')),
    parkedLimitMs: values.parked === undefined ? 40_000 : Infinity,
  };
}

function whole(name: string, value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`--${name} takes a whole number from 1, not ${value}.`);
  return number;
}
