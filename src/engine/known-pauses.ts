import { NOTHING_PAUSED, samePauses, type Pauses } from './pauses.ts';

/** What is paused, as far as a worker knows. */
export class KnownPauses {
  current: Pauses = NOTHING_PAUSED;
  private readonly ask: () => Promise<Pauses>;
  private asked = 0;
  /** Which question it was whose answer is known. */
  private answered = 0;

  /** @param ask reads what is paused */
  constructor(ask: () => Promise<Pauses>) {
    this.ask = ask;
  }

  /** Asks anew. An answer that comes after that of a later question is an old one, and dropped. @returns whether it has changed */
  async read(): Promise<boolean> {
    const question = ++this.asked;
    const pauses = await this.ask();
    if (question < this.answered) return false;
    this.answered = question;
    if (samePauses(pauses, this.current)) return false;
    this.current = pauses;
    return true;
  }
}
