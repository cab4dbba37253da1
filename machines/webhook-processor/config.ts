import { DurachartError } from '../../src/index.ts';

/** Secrets by provider; one without any is as good as unknown. */
export type Config = Readonly<Record<string, readonly string[]>>;

/** Bytes as Standard Webhooks has them: base64 with its padding, after `whsec_` or alone. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** What is wrong with a secret; undefined for nothing. No word of the secret itself. */
type Check = (secret: string) => string | undefined;

const standard: Check = (secret) => {
  const bytes = secret.replace(/^whsec_/, '');
  if (bytes === '') return 'is empty';
  if (/^v\d+a?$/.test(secret)) return 'is the version of a signature; give the secret alone, whsec_ and what follows';
  return BASE64.test(bytes) ? undefined : 'is not whsec_ followed by base64 (A-Z, a-z, 0-9, + and /, padded with =)';
};

const stripe: Check = (secret) => {
  if (secret.replace(/^whsec_/, '') === '') return 'is empty';
  return /^[!-~]+$/.test(secret) && !/^v\d+$/.test(secret) ? undefined : 'is not whsec_ followed by printable ASCII';
};

const VARIABLES = {
  standard: ['WEBHOOK_STANDARD_SECRET', standard],
  stripe: ['WEBHOOK_STRIPE_SECRET', stripe],
} as const satisfies Readonly<Record<string, readonly [variable: string, check: Check]>>;

/**
 * Reads the settings from environment variables: several secrets of a provider, while they are being changed, have commas between them.
 * @throws DurachartError `INVALID_CONFIG` that says which secret of which variable is malformed, without the secret
 */
export function parseConfig(env: Record<string, string | undefined>): Config {
  const wrong: string[] = [];
  const config = Object.fromEntries(
    Object.entries(VARIABLES).map(([provider, [variable, check]]) => {
      const text = env[variable]?.trim() ?? '';
      const secrets = text === '' ? [] : text.split(',').map((each) => each.trim());
      for (const [index, secret] of secrets.entries()) {
        const what = check(secret);
        if (what !== undefined)
          wrong.push(`${variable}${secrets.length === 1 ? '' : `, secret ${index + 1} of ${secrets.length},`} ${what}`);
      }
      return [provider, secrets];
    }),
  );
  if (wrong.length > 0)
    throw new DurachartError(
      'INVALID_CONFIG',
      `The secrets of webhooks are not right:\n${wrong.map((line) => `  ${line}`).join('\n')}`,
    );
  return config;
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
