import { logger } from '@trigger.dev/sdk';
import { LineKeeper } from '../../engine/lines.ts';
import type { AttemptListener, StepRow } from '../../engine/ports.ts';
import type { StepLogger } from '../../core/step.ts';
import { shownMessage } from '../../engine/step-rows.ts';
import type { Runtime } from './runtime.ts';

/** What a running attempt tells, kept on its row, and stored at a pace. */
export class Progress implements AttemptListener {
  readonly log: StepLogger;
  private readonly runtime: Runtime;
  private readonly save: (row: StepRow) => Promise<unknown>;
  private current: StepRow;
  private dirty = false;
  private saving: Promise<unknown> = Promise.resolve();
  private stop: () => void = () => {};
  private closed = false;

  constructor(runtime: Runtime, row: StepRow, save: (row: StepRow) => Promise<unknown>) {
    this.runtime = runtime;
    this.current = row;
    this.save = save;
    const lines = new LineKeeper(
      () => runtime.clock.now(),
      () => this.touch({ logs: lines.kept }),
    );
    this.log = told(lines);
  }

  /** The row with all that was told. */
  get row(): StepRow {
    return this.current;
  }

  heartbeat(): void {
    this.touch({ heartbeatAt: this.runtime.clock.now() });
  }

  progress(fraction: number, message: string | undefined): void {
    const text = message === undefined ? null : shownMessage(message);
    this.touch({ progress: fraction, message: text, heartbeatAt: this.runtime.clock.now() });
  }

  /** Ends the writing; the attempt's outcome is stored with all of it. */
  async close(): Promise<StepRow> {
    this.closed = true;
    this.stop();
    await this.saving;
    return this.current;
  }

  private touch(part: Partial<StepRow>): void {
    if (this.closed) return;
    this.current = { ...this.current, ...part };
    if (this.dirty) return;
    this.dirty = true;
    this.stop = this.runtime.clock.after(this.runtime.flush, () => this.flush());
  }

  private flush(): void {
    this.dirty = false;
    const { current } = this;
    // Progress is worth no more than a try: the next one says more.
    this.saving = this.saving
      .then(async () => this.save(current))
      .catch((error: unknown) => this.runtime.fault('progress was not stored', error));
  }
}

/** Lines go to the platform's log as well. */
function told(lines: LineKeeper): StepLogger {
  const both =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields?: Record<string, unknown>): void => {
      lines[level](message, fields);
      logger[level](message, fields);
    };
  return { debug: both('debug'), info: both('info'), warn: both('warn'), error: both('error') };
}
