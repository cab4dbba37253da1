/**
 * A process of the platform, as far as a test can have one inside its own: after `kill` nothing that it still does may
 * be seen. Whatever reaches out of it (the SDK's calls here, the store in the tests) asks `survive` first.
 */
export class Process {
  private readonly callbacks: (() => void)[] = [];
  private dead = false;

  get alive(): boolean {
    return !this.dead;
  }

  kill(): void {
    if (this.dead) return;
    this.dead = true;
    for (const callback of this.callbacks) callback();
  }

  onDeath(callback: () => void): void {
    this.callbacks.push(callback);
  }

  /** Passes a value on to living code; dead code waits for ever. */
  async survive<T>(value: Promise<T>): Promise<T> {
    const outcome = await value.then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
    if (this.dead) return new Promise<T>(() => {});
    if ('error' in outcome) throw outcome.error;
    return outcome.result;
  }
}
