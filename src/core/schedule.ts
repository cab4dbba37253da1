/** A time at which a schedule starts an instance: by its calendar, without the jitter; run by hand, the time of that. */
export interface Tick {
  at: Date;
}

/** When a workflow is started by itself. */
export interface ScheduleOptions<Input = unknown> {
  /** Within the workflow: letters, digits, `-` and `_`, at most 100. Default: `default`. */
  name?: string;
  /** Cron expression of five fields (minute, hour, day of month, month, day of week), or of six with seconds before them. */
  cron: string;
  /** Of the times in `cron`, as in the IANA database: `Europe/Berlin`. Default: `UTC`. */
  timezone?: string;
  /** Milliseconds that a start may come later, each time another part of them, so that not all begin at once. Default 0. */
  jitter?: number;
  /** What the instance is started with, or a pure function that makes it. */
  input?: Input | ((tick: Tick) => Input);
  /**
   * What becomes of times that passed while nobody was up: `once` makes up for the last of them, `all` for each of the last
   * 100, `skip` for none. Default: `once`.
   */
  missed?: 'skip' | 'once' | 'all';
  /** What is done while an earlier instance of the schedule goes on: start another (`allow`), none (`skip`), or `cancel` that one. Default: `allow`. */
  overlap?: 'allow' | 'skip' | 'cancel';
}

/** A schedule of a workflow. */
export interface Schedule {
  /** `<workflow>/<name>` */
  readonly id: string;
  readonly workflow: string;
  readonly name: string;
  readonly cron: string;
  readonly timezone: string;
  readonly jitter: number;
  readonly input: (tick: Tick) => unknown;
  readonly missed: 'skip' | 'once' | 'all';
  readonly overlap: 'allow' | 'skip' | 'cancel';
}

export function schedulesOf(workflow: string, options: readonly ScheduleOptions[]): Schedule[] {
  return options.map(
    ({ name = 'default', cron, timezone = 'UTC', jitter = 0, input, missed = 'once', overlap = 'allow' }) => ({
      id: `${workflow}/${name}`,
      workflow,
      name,
      cron,
      timezone,
      jitter,
      input: typeof input === 'function' ? (input as Schedule['input']) : () => input,
      missed,
      overlap,
    }),
  );
}
