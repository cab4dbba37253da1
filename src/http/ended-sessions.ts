/** Sessions that were ended before their time, as a store keeps them: `src/store/sessions.ts`. */
export interface EndedSessions {
  /** The ids of those that were ended, and when: of `*` all that were begun until then. What has run out may be missing. */
  read(): Promise<ReadonlyMap<string, Date>>;
  /** @param since what was ended before can be forgotten: it has run out */
  add(id: string, since: Date): Promise<void>;
}

/** A session that a cookie is of. */
export interface OpenSession {
  id: string;
  /** Milliseconds since 1970. */
  begunAt: number;
}

/** Stands for all sessions. */
export const EVERYBODY = '*';

/** How long an answer of the store is good for. */
const FRESH_MS = 1_000;

/** Which sessions are over, asked of the store now and then. */
export class Revoked {
  private readonly store: EndedSessions;
  /** How long a session lasts. */
  private readonly life: number;
  private read: { at: number; ended: Promise<ReadonlyMap<string, Date>> } | undefined;
  private known: ReadonlyMap<string, Date> | undefined;

  constructor(store: EndedSessions, life: number) {
    this.store = store;
    this.life = life;
  }

  /** While the store is away, by what it said last. @throws what the store throws, where it has never said anything */
  async has({ id, begunAt }: OpenSession): Promise<boolean> {
    const ended = await this.ended();
    const all = ended.get(EVERYBODY);
    return ended.has(id) || (all !== undefined && begunAt <= all.getTime());
  }

  async add(id: string): Promise<void> {
    await this.store.add(id, new Date(Date.now() - this.life));
    this.read = undefined;
  }

  private async ended(): Promise<ReadonlyMap<string, Date>> {
    if (this.read === undefined || Date.now() - this.read.at > FRESH_MS) {
      this.read = { at: Date.now(), ended: this.store.read() };
    }
    try {
      return (this.known = await this.read.ended);
    } catch (error) {
      if (this.known === undefined) throw error;
      return this.known;
    }
  }
}

/** For an API without a database of its own: they are forgotten with the process, and other servers do not know of them. */
export function endedInMemory(): EndedSessions {
  const ended = new Map<string, Date>();
  return {
    read: async () => ended,
    add: async (id, since) => {
      for (const [each, at] of ended) if (at < since) ended.delete(each);
      ended.set(id, new Date());
    },
  };
}
