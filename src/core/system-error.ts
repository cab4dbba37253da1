import type { Diagnosis } from './diagnose.ts';

const CODES: Readonly<Record<string, readonly string[]>> = {
  TIMEOUT: [
    'ETIMEDOUT',
    'ESOCKETTIMEDOUT',
    'UND_ERR_CONNECT_TIMEOUT',
    'UND_ERR_HEADERS_TIMEOUT',
    'UND_ERR_BODY_TIMEOUT',
  ],
  NETWORK_ERROR: [
    'ECONNREFUSED',
    'ECONNRESET',
    'ECONNABORTED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EPIPE',
    'EHOSTDOWN',
    'EHOSTUNREACH',
    'ENETDOWN',
    'ENETUNREACH',
    'EADDRNOTAVAIL',
    'EPROTO',
    'ERR_NETWORK',
  ],
  NOT_FOUND: ['ENOENT', 'ENOTDIR', 'ARTIFACT_NOT_FOUND'],
  INVALID_INPUT: ['EISDIR', 'EACCES', 'EPERM', 'EROFS', 'ELOOP', 'ENAMETOOLONG', 'ERR_INVALID_URL'],
  CONFLICT: ['EEXIST', 'ENOTEMPTY'],
  UNAVAILABLE: [
    'ENOSPC',
    'EDQUOT',
    'EMFILE',
    'ENFILE',
    'ENOMEM',
    'EBUSY',
    'EAGAIN',
    'EIO',
    'ARTIFACTS_FULL',
    'ARTIFACTS_UNAVAILABLE',
  ],
  // postgres.js
  DATABASE_ERROR: ['CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED', 'CONNECT_TIMEOUT'],
};

const MEANING = new Map(Object.entries(CODES).flatMap(([code, found]) => found.map((one) => [one, code] as const)));

/** Errors of Node, of undici (fetch) and of postgres.js's sockets, by their `code`. */
export function fromSystemCode(code: unknown): Diagnosis | undefined {
  if (typeof code !== 'string') return undefined;
  const meaning = MEANING.get(code) ?? (code.startsWith('UND_ERR_') ? 'NETWORK_ERROR' : undefined);
  return meaning === undefined ? undefined : { code: meaning };
}
