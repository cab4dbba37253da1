import { z } from 'zod';
import { DurachartError } from './core/error.ts';
import { namedIssues, pathText } from './core/issues.ts';

/** An empty variable is one that is not set. */
const unset = (value: unknown): unknown => (value === '' ? undefined : value);
const optional = <S extends z.ZodType>(schema: S) => z.preprocess(unset, schema.optional());

function integer(min: number, max: number): z.ZodType<number, string> {
  const words = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, words)
    .transform(Number)
    .refine((value) => value >= min && value <= max, words);
}

const token = z
  .string()
  .min(16, 'must have at least 16 characters')
  .max(4096, 'must have at most 4096 characters')
  .regex(/^[!-~]*$/, 'must be ASCII without spaces');

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const Environment = z
  .object({
    DATABASE_URL: optional(
      z.url({ protocol: /^postgres(ql)?$/, error: 'must be a URL like postgres://user:password@host:5432/database' }),
    ),
    DURACHART_HOST: optional(z.string()),
    DURACHART_PORT: optional(integer(0, 65_535)),
    DURACHART_API_TOKEN: optional(token),
    DURACHART_SECRETS_TOKEN: optional(token),
    DURACHART_DATA_DIR: optional(z.string()),
    DURACHART_CONCURRENCY: optional(integer(1, 10_000)),
    DURACHART_LOG_LEVEL: optional(z.enum(LEVELS, `must be one of ${LEVELS.join(', ')}`)),
    DURACHART_EXECUTOR: optional(z.enum(['local', 'trigger'], 'must be local or trigger')),
    TRIGGER_SECRET_KEY: optional(z.string()),
    TRIGGER_API_URL: optional(z.url({ protocol: /^https?$/, error: 'must be a URL like https://trigger.example.com' })),
    DURACHART_URL: optional(z.url({ protocol: /^https?$/, error: 'must be a URL like http://127.0.0.1:7370' })),
  })
  .superRefine(({ DURACHART_EXECUTOR: executor, TRIGGER_SECRET_KEY: key }, context) => {
    if (executor === 'local') return;
    const wrong = (message: string): void =>
      context.addIssue({ code: 'custom', path: ['TRIGGER_SECRET_KEY'], message });
    if (key === undefined) {
      if (executor === 'trigger') wrong(`must be set where DURACHART_EXECUTOR is trigger: ${KEY}`);
    } else if (!/^tr_(?!pat_)[a-z]+_\S+$/.test(key))
      wrong(`must be ${KEY}; without Trigger.dev, unset it or set DURACHART_EXECUTOR=local`);
  });

const KEY = 'the secret key of an environment (tr_dev_…, tr_prod_…), from the page API keys of the dashboard';

/** What durachart is told by its environment. */
export interface Config {
  /** `DATABASE_URL`: the Postgres to use. Without it, the embedded one. */
  databaseUrl: string | undefined;
  /** `DURACHART_HOST`: address of the API. Default: 127.0.0.1; another one needs a token. */
  host: string;
  /** `DURACHART_PORT`: default 7370; 0: a free one. */
  port: number;
  /** `DURACHART_API_TOKEN`: asked from every client, and sent by the CLI. 16 characters or more. */
  apiToken: string | undefined;
  /** `DURACHART_SECRETS_TOKEN`: as the API token, and shows what workflows mark as secret. 16 characters or more. */
  secretsToken: string | undefined;
  /** `DURACHART_DATA_DIR`: embedded database and artifacts. Default: .durachart in the working directory. */
  dataDir: string;
  /** `DURACHART_CONCURRENCY`: steps that a worker runs at a time. Undefined: the engine's default. */
  concurrency: number | undefined;
  /** `DURACHART_LOG_LEVEL`: default info. */
  logLevel: (typeof LEVELS)[number];
  /** `DURACHART_EXECUTOR`, or `trigger` where `TRIGGER_SECRET_KEY` is set. Undefined: local. */
  executor: 'trigger' | undefined;
  /** `TRIGGER_API_URL`, which has the dashboard, too, else that of Trigger.dev's cloud. */
  dashboard: string;
  /** `DURACHART_URL`: where the CLI finds the API. Default: 127.0.0.1 and the port. */
  url: string;
}

/**
 * Reads the environment, once, at the start of a program.
 * @throws DurachartError `INVALID_CONFIG`; its message lists all that is wrong, without the values, which may be secrets
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const { success, data, error } = Environment.safeParse(environment);
  if (!success) {
    const issues = namedIssues(error.issues).map(({ path, message }) => ({ path: pathText(path), message }));
    const lines = issues.map(({ path, message }) => `  ${path} ${message}`);
    throw new DurachartError('INVALID_CONFIG', `The environment is not right:\n${lines.join('\n')}`, {
      details: { issues },
    });
  }
  const port = data.DURACHART_PORT ?? 7370;
  return {
    databaseUrl: data.DATABASE_URL,
    host: data.DURACHART_HOST ?? '127.0.0.1',
    port,
    apiToken: data.DURACHART_API_TOKEN,
    secretsToken: data.DURACHART_SECRETS_TOKEN,
    dataDir: data.DURACHART_DATA_DIR ?? '.durachart',
    concurrency: data.DURACHART_CONCURRENCY,
    logLevel: data.DURACHART_LOG_LEVEL ?? 'info',
    executor:
      (data.DURACHART_EXECUTOR ?? (data.TRIGGER_SECRET_KEY === undefined ? 'local' : 'trigger')) === 'trigger'
        ? 'trigger'
        : undefined,
    dashboard: data.TRIGGER_API_URL ?? 'https://cloud.trigger.dev',
    url: (data.DURACHART_URL ?? `http://127.0.0.1:${port}`).replace(/\/+$/, ''),
  };
}
