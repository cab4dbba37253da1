import { z } from 'zod';

/** Secrets of one provider: several while they are being changed, with commas between them. */
const secrets = z
  .string()
  .optional()
  .transform((value) =>
    (value ?? '')
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== ''),
  );

const environment = z.object({ WEBHOOK_STANDARD_SECRET: secrets, WEBHOOK_STRIPE_SECRET: secrets });

/** Secrets by provider; one without any is as good as unknown. */
export type Config = Readonly<Record<string, readonly string[]>>;

/** Reads the settings from environment variables. */
export function parseConfig(env: Record<string, string | undefined>): Config {
  const parsed = environment.parse(env);
  return { standard: parsed.WEBHOOK_STANDARD_SECRET, stripe: parsed.WEBHOOK_STRIPE_SECRET };
}

let current: Config | undefined;

/** The settings of this process, read on first use. */
export function config(): Config {
  current ??= parseConfig(process.env);
  return current;
}

/** Sets other settings than the environment's, for tests; undefined goes back to the environment. */
export function useConfig(settings: Config | undefined): void {
  current = settings;
}
