import { z } from 'zod';
import { DurachartError } from '../../src/index.ts';

/** An empty variable counts as one that is not set. */
const text = z
  .string()
  .optional()
  .transform((value) => (value === undefined || value.trim() === '' ? undefined : value.trim()));

const environment = z.object({ SMTP_URL: text, MAIL_FROM: text });
const address = z.email();

/** How to reach the mail server. */
export interface Smtp {
  host: string;
  port: number;
  /** TLS from the first byte (`smtps://`); else STARTTLS where the server has it. */
  secure: boolean;
  /** Nothing is sent, least of all the password, unless TLS stands: so wherever one logs in over a network. */
  requireTLS: boolean;
  auth: { user: string; pass: string } | undefined;
}

export interface Config {
  /** Without it messages go into the artifact store, below `outbox/`. */
  smtp: Smtp | undefined;
  /** Sender of the digests. */
  from: string;
}

/** Reads the settings from environment variables. @throws DurachartError `INVALID_CONFIG`, without the value: it has a password in it */
export function parseConfig(env: Record<string, string | undefined>): Config {
  const { SMTP_URL: url, MAIL_FROM: from } = environment.parse(env);
  if (from === undefined && url !== undefined) {
    throw new DurachartError(
      'INVALID_CONFIG',
      'MAIL_FROM must be set where SMTP_URL is: the address that digests come from.',
    );
  }
  if (from !== undefined && !address.safeParse(from).success) {
    throw new DurachartError('INVALID_CONFIG', 'MAIL_FROM must be a plain address like digest@example.com.');
  }
  return { smtp: url === undefined ? undefined : smtpOf(url), from: from ?? 'digest@localhost.localdomain' };
}

function smtpOf(text: string): Smtp {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '') {
    throw new DurachartError(
      'INVALID_CONFIG',
      'SMTP_URL must be a URL like smtp://user:password@mail.example.com:587, or smtps://… for TLS from the first byte.',
    );
  }
  const secure = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const auth =
    url.username === ''
      ? undefined
      : { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
  const isLocal = host === 'localhost' || host === '::1' || host.startsWith('127.');
  return {
    host,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: !secure && auth !== undefined && !isLocal,
    auth,
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
