import { isPooler, isSetUpWrong } from '../engine/trouble.ts';

const TRANSIENT_SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** Whether the database may take the same statement later: it is away, overloaded, or the statement lost a deadlock. */
export function isTransient(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string' || isPooler(error)) return false;
  // What is stored waits for somebody to set that right, too; it is not at fault.
  if (isSetUpWrong(error)) return true;
  if (TRANSIENT_SYSTEM.has(code) || code.startsWith('CONNECT')) return true;
  return code.length === 5 && (/^(08|53|57|58)/.test(code) || ['40001', '40P01', '55P03', '25006'].includes(code));
}
