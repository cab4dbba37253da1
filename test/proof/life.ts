import type { EventStore } from '../../src/engine/events/event-store.ts';
import type { Reader } from '../../src/engine/reader.ts';
import type { OperationStore } from '../../src/engine/operations/records.ts';
import type { Store, WorkerSession } from '../../src/engine/ports.ts';
import { DatabaseUnavailableError } from '../../src/engine/unavailable.ts';
import type { ArtifactStore } from '../../src/index.ts';
import type { Plan } from './plan.ts';

/** What a dead process still waits for. */
function never<T>(): Promise<T> {
  return new Promise(() => {});
}

/** What a connection that breaks leaves the caller with. */
function cut(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

/** One process: everything that it asks of the database goes through here, and nothing any more once it has died. */
export class Life {
  dead = false;
  private commits = 0;
  private readonly plan: Plan;
  private readonly relative: (id: string) => string;
  private readonly death = Promise.withResolvers<void>();

  /** @param relative an instance's id without what is particular to this run */
  constructor(plan: Plan, relative: (id: string) => string) {
    this.plan = plan;
    this.relative = relative;
  }

  get died(): Promise<void> {
    return this.death.promise;
  }

  /** Ends it; whoever waits for it waits for ever. */
  die<T>(): Promise<T> {
    this.dead = true;
    this.death.resolve();
    return never();
  }

  store(real: Store): Store {
    return {
      ...this.reads(real),
      commit: async (worker, batch) => {
        const labels = batch.map(({ id }) => `commit ${this.relative(id)}`);
        const results = await this.write(labels, () => real.commit(worker, batch));
        if (results.length > 0) this.commits++;
        return this.plan.endsLife(this.commits) ? this.die() : results;
      },
      claim: async (worker, now, limit, workflows) => {
        const claimed = await this.write(['claim'], () => real.claim(worker, now, limit, workflows));
        return claimed.length === 0
          ? claimed
          : this.write(
              claimed.map(({ id }) => `claimed ${this.relative(id)}`),
              async () => claimed,
            );
      },
      startWorker: async (name, workflows, now) =>
        this.session(await this.write(['startWorker'], () => real.startWorker(name, workflows, now))),
      transactional: async (fence, run, signal) => {
        if (this.dead) return never();
        const mode = this.plan.note([`transactional ${this.relative(`${fence.instanceId}:${fence.key}`)}`]);
        const within = mode?.endsWith('within') === true;
        return this.perform(mode, () =>
          real.transactional(
            fence,
            async (tx) => {
              const output = await run(tx);
              if (!within) return output;
              throw cut();
            },
            signal,
          ),
        ).catch((error: unknown) => {
          // The store does not take a broken connection for the step's own error.
          throw mode === undefined ? error : new DatabaseUnavailableError(error);
        });
      },
    };
  }

  reader(real: Reader): Reader {
    return {
      ...this.guarded(real),
      post: async (events) =>
        events.length === 0
          ? []
          : this.write(
              events.map(({ type }) => `post ${type}`),
              () => real.post(events),
            ),
    };
  }

  operations(real: OperationStore): OperationStore {
    return {
      ...this.guarded(real),
      request: async (operation) => this.write([`request ${operation.operation}`], () => real.request(operation)),
    };
  }

  events(real: EventStore): EventStore {
    return {
      ...this.guarded(real),
      publish: async (event, at, tx) =>
        tx === undefined
          ? this.write([`publish ${event.name}`], () => real.publish(event, at))
          : real.publish(event, at, tx),
      deliver: async (event, ...rest) => this.write([`deliver ${event.name}`], () => real.deliver(event, ...rest)),
    };
  }

  artifacts(real: ArtifactStore): ArtifactStore {
    return {
      put: async (key, body) => this.write(['put payload'], () => real.put(key, body)),
      read: async (key, range) => this.write(['read payload'], () => real.read(key, range)),
      stat: async (key) => this.alive(() => real.stat(key)),
      list: async (prefix) => this.alive(() => real.list(prefix)),
      delete: async (key) => this.alive(() => real.delete(key)),
    };
  }

  private guarded<P extends object>(port: P): P {
    const methods = Object.entries(port as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>);
    return Object.fromEntries(
      methods.map(([name, method]) => [name, async (...args: unknown[]) => this.alive(() => method(...args))]),
    ) as P;
  }

  private reads(real: Store): Store {
    return {
      ...real,
      reload: async (worker, ids) => this.write(['reload'], () => real.reload(worker, ids)),
      items: async (...args) => this.write(['items'], () => real.items(...args)),
      itemResults: async (...args) => this.write(['itemResults'], () => real.itemResults(...args)),
      leased: async (worker) => this.alive(() => real.leased(worker)),
      inbox: async (worker, ids) => this.write(['inbox'], () => real.inbox(worker, ids)),
      pending: async (worker) => this.alive(() => real.pending(worker)),
      nextWake: async (workflows) => this.alive(() => real.nextWake(workflows)),
      buryWorkers: async (...args) => this.alive(() => real.buryWorkers(...args)),
      onWork: async (callback) => this.alive(() => real.onWork((ids) => void (this.dead || callback(ids)))),
    };
  }

  private session(real: WorkerSession): WorkerSession {
    return {
      id: real.id,
      beat: async () => this.alive(() => real.beat()),
      // One that has died does not beat, and all of them share an event loop.
      guard: () => () => {},
      stop: async (now) => this.alive(() => real.stop(now)),
      // Its connection is cut from outside, whether or not the process came so far as to know it.
      kill: async () => {},
    };
  }

  private async write<T>(labels: readonly string[], go: () => Promise<T>): Promise<T> {
    if (this.dead) return never();
    return this.perform(this.plan.note(labels), go);
  }

  private async perform<T>(mode: string | undefined, go: () => Promise<T>): Promise<T> {
    const fail = (): Promise<T> => {
      if (mode?.startsWith('crash') === true) return this.die();
      throw cut();
    };
    if (mode?.endsWith('before') === true) return fail();
    try {
      const result = await this.alive(go);
      return mode?.endsWith('after') === true ? await fail() : result;
    } catch (error) {
      if (mode === 'crash within') return this.die();
      throw error;
    }
  }

  private async alive<T>(go: () => Promise<T>): Promise<T> {
    if (this.dead) return never();
    try {
      const result = await go();
      return this.dead ? never() : result;
    } catch (error) {
      if (this.dead) return never();
      throw error;
    }
  }
}
