import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A connection through the proxy. */
interface Link {
  client: Socket;
  server: Socket;
  /** What the client calls itself (`application_name`), from its first message. */
  name: string;
  /** When the client last asked something. */
  askedAt: number;
  /** Set: the next thing it asks is done, and it never hears so. */
  swallow: { hold: number } | undefined;
  deaf: boolean;
}

/** What is on its way. */
interface Delayed {
  data: Buffer;
  due: number;
}

/** A TCP proxy before Postgres, that can break what a network can break. */
export class Proxy {
  /** Milliseconds that everything takes on its way, there and back. */
  latency = 0;
  /** Answers of which the caller never heard. */
  swallowed = 0;
  private readonly links = new Set<Link>();
  private readonly delayed = new WeakMap<Socket, Delayed[]>();
  private readonly server: Server;
  private readonly target: number;

  private constructor(target: number) {
    this.target = target;
    this.server = createServer((client) => this.link(client));
  }

  /** @param target port of Postgres on 127.0.0.1 */
  static async before(target: number): Promise<Proxy> {
    const proxy = new Proxy(target);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Cuts connections without a word. @param choose by name @returns how many */
  cut(choose: (name: string) => boolean): number {
    const chosen = [...this.links].filter(({ name }) => choose(name));
    for (const link of chosen) this.end(link);
    return chosen.length;
  }

  /** The next statement on one of these connections is done, and the caller hears nothing until it is cut after `hold` milliseconds. */
  swallow(choose: (name: string) => boolean, hold: number, random: () => number): boolean {
    const recent = Date.now() - 1_000;
    const links = [...this.links].filter(
      ({ name, askedAt, swallow }) => choose(name) && askedAt > recent && swallow === undefined,
    );
    const link = links[Math.floor(random() * links.length)];
    if (link !== undefined) link.swallow = { hold };
    return link !== undefined;
  }

  async close(): Promise<void> {
    for (const link of this.links) this.end(link);
    await new Promise((resolve) => this.server.close(resolve));
  }

  private link(client: Socket): void {
    const server = createConnection(this.target, '127.0.0.1');
    const link: Link = { client, server, name: '', askedAt: 0, swallow: undefined, deaf: false };
    this.links.add(link);
    client.setNoDelay(true);
    server.setNoDelay(true);
    client.on('data', (data) => {
      if (link.name === '') link.name = nameIn(data);
      link.askedAt = Date.now();
      // From here on the client is deaf; what it asks now reaches the server all the same.
      if (link.swallow !== undefined && !link.deaf) {
        link.deaf = true;
        this.swallowed++;
      }
      this.pass(data, server);
    });
    let cutting = false;
    server.on('data', (data) => {
      if (!link.deaf) return this.pass(data, client);
      if (cutting) return;
      // It has answered, so it is done.
      cutting = true;
      setTimeout(() => this.end(link), link.swallow?.hold ?? 0);
    });
    for (const socket of [client, server]) {
      socket.on('error', () => this.end(link));
      socket.on('close', () => this.end(link));
    }
  }

  /** However the latency changes, nothing overtakes what was sent before it: TCP does not let it. */
  private pass(data: Buffer, to: Socket): void {
    const waiting = this.delayed.get(to) ?? [];
    if (this.latency === 0 && waiting.length === 0) {
      to.write(data);
      return;
    }
    this.delayed.set(to, waiting);
    waiting.push({ data, due: Date.now() + this.latency / 2 });
    if (waiting.length === 1) this.deliver(to, waiting);
  }

  private deliver(to: Socket, waiting: Delayed[]): void {
    const [first] = waiting;
    if (first === undefined) return;
    setTimeout(
      () => {
        waiting.shift();
        if (!to.destroyed) to.write(first.data);
        this.deliver(to, waiting);
      },
      Math.max(0, first.due - Date.now()),
    );
  }

  private end(link: Link): void {
    this.links.delete(link);
    link.client.destroy();
    link.server.destroy();
  }
}

function nameIn(startup: Buffer): string {
  return /application_name\0([^\0]*)/.exec(startup.toString('latin1'))?.[1] ?? '?';
}
