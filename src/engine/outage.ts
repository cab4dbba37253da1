import type { Clock } from './ports.ts';
import { DatabaseUnavailableError } from './unavailable.ts';

/** How long whoever waits for a commit bears with a database that takes none. */
const PATIENCE = 2_000;

/** The database takes no commits; those who wait for one are told when that lasts. */
export class Outage {
  private readonly clock: Clock;
  /** What the last commit met with, while none gets through. */
  private met: { error: unknown } | undefined;
  private readonly waiting = new Set<(error: Error) => void>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get lasts(): boolean {
    return this.met !== undefined;
  }

  /** A commit has met with this. */
  goOn(error: unknown): void {
    if (this.met === undefined) this.clock.after(PATIENCE, () => this.despair());
    this.met = { error };
  }

  end(): void {
    this.met = undefined;
  }

  /** Has somebody told with a DatabaseUnavailableError; what he waits for may still be stored later, as when an answer gets lost. @returns takes that back */
  tell(reject: (error: Error) => void): () => void {
    this.waiting.add(reject);
    return () => void this.waiting.delete(reject);
  }

  private despair(): void {
    if (this.met === undefined) return;
    for (const reject of this.waiting) reject(new DatabaseUnavailableError(this.met.error));
  }
}
