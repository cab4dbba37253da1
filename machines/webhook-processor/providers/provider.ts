import { DurachartError } from '../../../src/index.ts';

/** A request that claims to come from a provider. */
export interface Delivery {
  headers: Headers;
  /** The body as it came, in UTF-8. */
  body: string;
  /** Any of them may have signed it. */
  secrets: readonly string[];
  /** Milliseconds since 1970. */
  now: number;
}

/** How one provider signs its webhooks, and what it calls them. */
export interface Provider {
  /** @throws DurachartError `SIGNATURE_INVALID` */
  verify(delivery: Delivery): void;
  /** @param payload the body, of which it is known who wrote it */
  identify(payload: Readonly<Record<string, unknown>>, headers: Headers): { id: unknown; type: unknown };
}

/** Seconds that a signature is good for, before and after its time: a recorded request cannot be sent again later. */
export const WINDOW = 5 * 60;

/** It says what is missing or too old, and nothing of what would have been right. */
export function signatureInvalid(what: string): DurachartError {
  return new DurachartError(
    'SIGNATURE_INVALID',
    `The signature is not right: ${what}. Sign the body as it is sent, with the secret that is set here, and with a clock that is right.`,
  );
}
