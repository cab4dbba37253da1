/** What has to be taken down at the end, however the end comes; last in, first out. */
export class Cleanup {
  private readonly tasks: (() => Promise<unknown>)[] = [];
  private readonly abort = new AbortController();
  private running: Promise<void> | undefined;

  /** Aborted when the run is interrupted: child processes end with it. */
  get signal(): AbortSignal {
    return this.abort.signal;
  }

  add(task: () => Promise<unknown>): void {
    this.tasks.push(task);
  }

  /** Whoever calls it waits for all of it: the process must not end while somebody else's call is half through. */
  async run(): Promise<void> {
    await (this.running ??= this.takeDown());
  }

  private async takeDown(): Promise<void> {
    for (let task = this.tasks.pop(); task !== undefined; task = this.tasks.pop()) {
      await task().catch((error: unknown) => console.error('bench: clean-up:', error));
    }
  }

  /** Ctrl-C and the like end the run and leave nothing behind; the second one does not wait. */
  onSignals(): void {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (this.signal.aborted) process.exit(130);
        console.error(`\nbench: ${signal}, cleaning up …`);
        this.abort.abort();
        void this.run().finally(() => process.exit(130));
      });
    }
  }
}
