import { z } from 'zod';

/** An empty variable counts as one that is not set. */
const text = z
  .string()
  .optional()
  .transform((value) => (value === undefined || value.trim() === '' ? undefined : value.trim()));

const number = (fallback: number) =>
  text.transform((value) => (value === undefined ? fallback : Number(value))).pipe(z.number().int().positive());

const environment = z.object({
  GEMINI_API_KEY: text,
  GEMINI_BASE_URL: text.pipe(z.url().optional()),
  GEMINI_MODEL: text.transform((value) => value ?? 'gemini-flash-latest'),
  GEMINI_TIMEOUT_MS: number(300_000),
  VIDEO_ROOT: text.transform((value) => value ?? process.cwd()),
  VIDEO_MAX_BYTES: number(2 * 1024 ** 3),
  VIDEO_ALLOW_PRIVATE_URLS: text.transform((value) => value === 'true' || value === '1'),
  VIDEO_DEFAULT_QUOTA: number(100),
  VIDEO_RETENTION_DAYS: number(90),
});

/** Settings of the video pipeline. */
export interface Config {
  /** Set when GEMINI_API_KEY is; without it everything is done offline. */
  gemini: { apiKey: string; baseUrl: string | undefined; model: string; timeout: number } | undefined;
  /** Local sources have to lie below this folder. */
  root: string;
  maxBytes: number;
  /** Whether URLs may lead to loopback and private addresses. */
  allowPrivateUrls: boolean;
  /** Videos that a workspace seen for the first time may process. */
  defaultQuota: number;
  retentionDays: number;
}

/** Reads the settings from environment variables. @throws ZodError naming the variable */
export function parseConfig(env: Record<string, string | undefined>): Config {
  const parsed = environment.parse(env);
  return {
    gemini:
      parsed.GEMINI_API_KEY === undefined
        ? undefined
        : {
            apiKey: parsed.GEMINI_API_KEY,
            baseUrl: parsed.GEMINI_BASE_URL,
            model: parsed.GEMINI_MODEL,
            timeout: parsed.GEMINI_TIMEOUT_MS,
          },
    root: parsed.VIDEO_ROOT,
    maxBytes: parsed.VIDEO_MAX_BYTES,
    allowPrivateUrls: parsed.VIDEO_ALLOW_PRIVATE_URLS,
    defaultQuota: parsed.VIDEO_DEFAULT_QUOTA,
    retentionDays: parsed.VIDEO_RETENTION_DAYS,
  };
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
