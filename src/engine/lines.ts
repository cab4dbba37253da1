import type { StepLogger } from '../core/step.ts';
import type { LogLine, Millis } from './ports.ts';

/** How many lines of an attempt are kept, the last ones. */
const MAX_LINES = 200;
const MAX_LINE = 2_000;

/** Collects the lines of one attempt. */
export class LineKeeper implements StepLogger {
  private lines: LogLine[] = [];
  private readonly now: () => Millis;
  private readonly onLine: () => void;

  constructor(now: () => Millis, onLine: () => void) {
    this.now = now;
    this.onLine = onLine;
  }

  /** The kept lines, or null for none. */
  get kept(): LogLine[] | null {
    return this.lines.length === 0 ? null : this.lines;
  }

  debug(message: string, fields?: Record<string, unknown>): void {
    this.add('debug', message, fields);
  }
  info(message: string, fields?: Record<string, unknown>): void {
    this.add('info', message, fields);
  }
  warn(message: string, fields?: Record<string, unknown>): void {
    this.add('warn', message, fields);
  }
  error(message: string, fields?: Record<string, unknown>): void {
    this.add('error', message, fields);
  }

  private add(level: LogLine['level'], message: string, fields: Record<string, unknown> | undefined): void {
    const line: LogLine = { at: this.now(), level, message: storable(String(message)) };
    if (fields !== undefined) line.fields = storableFields(fields);
    this.lines = [...this.lines.slice(1 - MAX_LINES), line];
    this.onLine();
  }
}

/** Text that Postgres takes, whatever a step has logged. */
function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed().slice(0, MAX_LINE);
}

function storableFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      storable(key),
      value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
        ? value
        : storable(typeof value === 'string' ? value : (safeJson(value) ?? String(value))),
    ]),
  );
}

function safeJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
