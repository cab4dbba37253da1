import postgres from 'postgres';

/** In a select: what the server closes a session for that idles in its transaction, or is long in it. Milliseconds, 0 for never. */
export const LIMITS = `
  extract(epoch from pg_catalog.current_setting('idle_in_transaction_session_timeout')::interval)::float8 * 1000 as idle,
  coalesce(extract(epoch from pg_catalog.current_setting('transaction_timeout', true)::interval)::float8 * 1000, 0) as whole`;

export interface Limits {
  idle: number;
  whole: number;
}

const SETS_LIMIT = /idle_in_transaction_session_timeout|transaction_timeout/i;
const TERMINATES = /\bpg_terminate_backend\b/i;

/**
 * Why the server closed the session of a step, where the step was the cause: postgres.js drops the server's last
 * error, so that it is known by what was sent and how long ago. Time is measured as the server does, whatever the engine's clock.
 */
export class TransactionLimits {
  private readonly raw: postgres.Sql;
  private readonly began = performance.now();
  private limits: Limits = { idle: 0, whole: 0 };
  private underWay = 0;
  /** When the last statement was sent: the server has been idle for no longer than since then. */
  private lastSent = this.began;
  /** The statement that was under way when the connection went. */
  private cut: string | undefined;

  constructor(raw: postgres.Sql) {
    this.raw = raw;
  }

  set({ idle, whole }: Limits): void {
    this.limits = { idle, whole };
  }

  /** A statement is sent. @returns to be called with what became of it */
  sent(text: string): (error?: unknown) => void {
    this.underWay++;
    this.lastSent = performance.now();
    return (error) => {
      this.underWay--;
      if (error === undefined) {
        if (SETS_LIMIT.test(text)) this.read();
      } else if (!(error instanceof postgres.PostgresError)) this.cut ??= text;
    };
  }

  /** To be called as soon as the connection is lost. @returns the server's error where the step was the cause */
  lost(): Error | undefined {
    const { cut, limits, began, lastSent, underWay } = this;
    const now = performance.now();
    if (limits.whole > 0 && now - began >= limits.whole)
      return closed('25P04', `terminating connection due to transaction timeout (${limits.whole} ms)`);
    if (cut !== undefined && TERMINATES.test(cut))
      return closed('57P01', 'terminating connection due to administrator command');
    if (cut === undefined && underWay === 0 && limits.idle > 0 && now - lastSent >= limits.idle)
      return closed('25P03', `terminating connection due to idle-in-transaction timeout (${limits.idle} ms)`);
    return undefined;
  }

  private read(): void {
    this.raw.unsafe<Limits[]>(`select ${LIMITS}`).then(
      ([limits]) => limits !== undefined && this.set(limits),
      () => {},
    );
  }
}

/** The server's error as far as it is known. */
function closed(code: string, message: string): Error {
  return Object.assign(new Error(message), { name: 'PostgresError', code });
}
