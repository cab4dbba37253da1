import { StepError } from '../../../src/index.ts';
import type { Smtp } from '../config.ts';

/** Codes of this pipeline's own errors. */
export const ERRORS = {
  /** The server asks to come again (4xx). */
  MAIL_DEFERRED: 'retryable',
  /** The server will not take the message, or not for this recipient (5xx). */
  MAIL_REFUSED: 'final',
  /** User or password are wrong. */
  SMTP_AUTH_FAILED: 'final',
  /** There is no TLS, or none that can be trusted. */
  SMTP_TLS_FAILED: 'final',
} as const;

/** What an error of the mail library means. Nothing of the user's name or password gets into it. */
export function failureOf(error: unknown, { host, port }: Smtp): StepError {
  const { code, responseCode, response, message } = error as {
    code?: string;
    responseCode?: number;
    response?: string;
    message?: string;
  };
  const server = `${host}:${port}`;
  const details = { server, ...(responseCode === undefined ? {} : { responseCode }) };
  const fail = (own: string, text: string): StepError => {
    const known = Object.hasOwn(ERRORS, own) ? ERRORS[own as keyof typeof ERRORS] : undefined;
    return new StepError(own, text, { details, ...(known === undefined ? {} : { retryable: known === 'retryable' }) });
  };
  const deferred = responseCode !== undefined && responseCode >= 400 && responseCode < 500;
  if (code === 'EAUTH' && !deferred)
    return fail('SMTP_AUTH_FAILED', `The mail server ${server} does not take the user and password of SMTP_URL.`);
  if (code === 'ETLS' || (code === 'ESOCKET' && /certificate|self.signed|TLS|SSL/i.test(message ?? '')))
    return fail(
      'SMTP_TLS_FAILED',
      `There is no TLS with the mail server ${server} that can be trusted: ${message ?? ''}`,
    );
  // What the server says to a login may repeat what it was sent.
  const said = code === 'EAUTH' ? '' : `: ${response ?? message ?? ''}`;
  if (deferred) return fail('MAIL_DEFERRED', `The mail server ${server} asks to come again${said}`);
  if (responseCode !== undefined && responseCode >= 500)
    return fail('MAIL_REFUSED', `The mail server ${server} refuses the message${said}`);
  if (code === 'ETIMEDOUT') return fail('TIMEOUT', `The mail server ${server} does not answer in time.`);
  return fail('NETWORK_ERROR', `The mail server ${server} could not be reached, or hung up: ${message ?? ''}`);
}
