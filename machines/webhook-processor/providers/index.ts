import { DurachartError } from '../../../src/index.ts';
import { config } from '../config.ts';
import type { Provider } from './provider.ts';
import { standard } from './standard.ts';
import { stripe } from './stripe.ts';

const PROVIDERS: Readonly<Record<string, Provider>> = { standard, stripe };

/** The provider of that name. @throws DurachartError `UNKNOWN_PROVIDER` */
export function providerOf(name: string): Provider {
  const provider = Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined;
  if (provider === undefined) throw unknownProvider();
  return provider;
}

/** The secrets that it signs with. @throws DurachartError `UNKNOWN_PROVIDER` where there are none: then it is not set up */
export function secretsOf(name: string): readonly string[] {
  const secrets = config()[name] ?? [];
  if (secrets.length === 0) throw unknownProvider();
  return secrets;
}

function unknownProvider(): DurachartError {
  return new DurachartError(
    'UNKNOWN_PROVIDER',
    'No provider of this name is set up here. Its secret is missing, or the address is wrong.',
  );
}
