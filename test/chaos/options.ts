import { parseArgs } from 'node:util';

/** What a chaos run is told. */
export interface Options {
  seed: number;
  instances: number;
  /** Milliseconds that the storm lasts at least; new instances are spread over it. */
  storm: number;
  /** Keep the database's folder afterwards, to look into. */
  keep: boolean;
}

const USAGE = `npm run chaos -- [--short] [--seed N] [--instances N] [--seconds N] [--keep]
  --short      400 instances in 20 s, for CI; otherwise 10,000 in 300 s
  --seed       repeats what a run chose: machines, inputs, deeds, blows (not its timing)
  --keep       leave the folder of the database and of the ledger`;

/** Reads the command line. Exits with the usage where it does not understand it. */
export function readOptions(args: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        short: { type: 'boolean' },
        seed: { type: 'string' },
        instances: { type: 'string' },
        seconds: { type: 'string' },
        keep: { type: 'boolean' },
      },
    });
    const number = (text: string | undefined, otherwise: number): number => {
      if (text === undefined) return otherwise;
      if (!/^\d{1,9}$/.test(text)) throw new Error(`${JSON.stringify(text)} is no whole number.`);
      return Number(text);
    };
    const isShort = values.short === true;
    return {
      seed: number(values.seed, Date.now() % 1_000_000),
      instances: number(values.instances, isShort ? 400 : 10_000),
      storm: number(values.seconds, isShort ? 20 : 300) * 1_000,
      keep: values.keep === true,
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}
