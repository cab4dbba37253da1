/**
 * Instances that a notification named while they were read to be taken into memory. Their rows may have been read before
 * what the notification is about was stored, so that the inbox has to be read once more when they are taken.
 */
export class Notified {
  private readonly ids = new Set<string>();
  private all = false;
  private reads = 0;

  /** Does what reads instances and takes them into memory; notifications that arrive meanwhile are remembered. */
  async during<T>(read: () => Promise<T>): Promise<T> {
    this.reads++;
    try {
      return await read();
    } finally {
      this.reads--;
      if (this.reads === 0) {
        this.ids.clear();
        this.all = false;
      }
    }
  }

  /** A notification named an instance that is not in memory. "*": any. */
  note(id: string): void {
    if (this.reads === 0) return;
    if (id === '*') this.all = true;
    else this.ids.add(id);
  }

  /** Whether an instance that is taken now was named since the reads under way began. */
  has(id: string): boolean {
    return this.all || this.ids.has(id);
  }
}
