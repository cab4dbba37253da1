import { createHash } from 'node:crypto';

/** Clients that are remembered. */
const REMEMBERED = 10_000;

interface Guesses {
  /** When the last of them is forgiven. */
  until: number;
  /** Digests of the newest ones. */
  tokens: Set<string>;
}

/** How many wrong tokens a client has sent of late. One that is sent again and again, as by a program with an old one, counts once. */
export class WrongTokens {
  private readonly most: number;
  private readonly each: number;
  private readonly now: () => number;
  /** By client; the one that sent a new one longest ago first. */
  private readonly clients = new Map<string, Guesses>();

  /** @param most at once @param each milliseconds until one is forgiven @param now in milliseconds, of a clock that only goes forward */
  constructor(most: number, each: number, now: () => number = () => performance.now()) {
    this.most = most;
    this.each = each;
    this.now = now;
  }

  /** Milliseconds until a token of the client is looked at again; 0: it is now. */
  wait(client: string): number {
    const until = this.clients.get(client)?.until;
    return until === undefined ? 0 : Math.max(0, Math.ceil(until - this.now() - (this.most - 1) * this.each));
  }

  add(client: string, token: string): void {
    const digest = createHash('sha256').update(token).digest('base64');
    const { until, tokens } = this.clients.get(client) ?? { until: 0, tokens: new Set<string>() };
    if (tokens.has(digest)) return;
    tokens.add(digest);
    const [first] = tokens;
    if (tokens.size > this.most && first !== undefined) tokens.delete(first);
    this.clients.delete(client);
    this.clients.set(client, { until: Math.max(this.now(), until) + this.each, tokens });
    const [oldest] = this.clients.keys();
    if (this.clients.size > REMEMBERED && oldest !== undefined) this.clients.delete(oldest);
  }
}
