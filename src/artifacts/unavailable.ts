import { DurachartError } from '../core/error.ts';

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const UNAVAILABLE: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ESTALE',
]);

/**
 * What a file system that does not do what it is asked means for the store; any other error as it is.
 * @returns DurachartError `ARTIFACTS_FULL`, `ARTIFACTS_UNAVAILABLE`
 */
export function asUnavailable(error: unknown, folder: string): unknown {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  // Where a body comes from a file or a socket, its errors have such codes as well; only those of calls on files count.
  if (typeof code !== 'string' || typeof syscall !== 'string') return error;
  const details = { reason: code };
  if (FULL.has(code))
    return new DurachartError(
      'ARTIFACTS_FULL',
      `There is no room left for artifacts in ${folder} (${code}). Free space or raise the quota; nothing of the artifact was kept.`,
      { details, cause: error },
    );
  if (UNAVAILABLE.has(code))
    return new DurachartError(
      'ARTIFACTS_UNAVAILABLE',
      `The artifacts' folder ${folder} cannot be used (${code}). See that it is there, and that the user of this process may read and write it.`,
      { details, cause: error },
    );
  return error;
}
