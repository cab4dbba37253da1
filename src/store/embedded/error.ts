/**
 * - `PORT_TAKEN`: the port that was asked for is in use.
 * - `DATA_DIR_UNUSABLE`: the data folder cannot be used as it is (not ours, another Postgres version, no access).
 * - `UNSAFE_FOLDER`: a folder that only root may write to can be changed by others.
 * - `NO_SERVER_USER`: we are root and there is no other user to run Postgres as.
 * - `UNSUPPORTED_PLATFORM`: there are no Postgres binaries for this machine.
 * - `START_FAILED`: Postgres itself refused; the message has its words.
 */
export type EmbeddedErrorCode =
  | 'PORT_TAKEN'
  | 'DATA_DIR_UNUSABLE'
  | 'UNSAFE_FOLDER'
  | 'NO_SERVER_USER'
  | 'UNSUPPORTED_PLATFORM'
  | 'START_FAILED';

/** What went wrong while starting the embedded Postgres, and what to do about it. Never contains the password. */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError';
  readonly code: EmbeddedErrorCode;

  constructor(code: EmbeddedErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
