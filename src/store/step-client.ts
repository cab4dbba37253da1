import { AsyncLocalStorage } from 'node:async_hooks';
import { readFile } from 'node:fs/promises';
import postgres from 'postgres';
import type { StepError } from '../core/error.ts';
import { TransactionLimits } from './transaction-limits.ts';
import { controlStatements } from './statements.ts';
import { abortedBy, causedBy, notEnded, interleaved, isOver, refused, refusedMethod } from './step-errors.ts';

/** A query of postgres.js before it is sent. Its class is not exported. */
interface Query {
  strings: readonly string[];
  args: readonly unknown[];
  options: { simple?: boolean; prepare?: boolean };
  handler: (query: Query) => unknown;
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
  readable: () => Promise<NodeJS.EventEmitter>;
  writable: () => Promise<NodeJS.EventEmitter>;
}

/** A part of the transaction that a function is given a client for: the whole, or what can be undone by itself. */
class Scope {
  readonly parent: Scope | undefined;
  readonly root: Scope;
  isOpen = true;
  /** One nested transaction at a time: the next one begins when the last one has ended. */
  turn: Promise<void> = Promise.resolve();

  constructor(parent?: Scope) {
    this.parent = parent;
    this.root = parent?.root ?? this;
  }

  isWithin(other: Scope): boolean {
    return this === other || (this.parent?.isWithin(other) ?? false);
  }
}

/** A client as user code holds it. */
interface Holder {
  scope: Scope;
}

/** A savepoint that stands for a nested transaction. */
interface Level {
  name: string;
  /** The function's scope, or the client that a BEGIN was sent by. */
  owner: Scope | Holder;
  /** A statement of somebody else was sent while it was open. */
  isShared: boolean;
}

/** The scope that code runs in: a helper that holds the outer client belongs to the nested transaction that it is called in. */
const CURRENT = new AsyncLocalStorage<Scope>();

/**
 * The client of one transactional step. Its transaction is the engine's: what begins one within it, by `begin` or in SQL, gets
 * a savepoint, and SQL that would end it is refused before it is sent. After the step nothing more is sent.
 */
export class StepClient {
  /** What the step is given. */
  readonly tx: postgres.Sql;
  /** Prepared statements that the driver knows of may be gone. */
  hasDeallocated = false;
  readonly limits: TransactionLimits;
  private readonly raw: postgres.Sql;
  private readonly root = new Scope();
  private readonly options: postgres.Sql['options'];
  private readonly levels: Level[] = [];
  private savepoints = 0;
  /** The error that aborted the transaction; none, once a statement has succeeded again. */
  private aborting: postgres.PostgresError | undefined;
  /** Why what was told to the step is not what would be committed. */
  private spoilt: StepError | undefined;

  constructor(raw: postgres.Sql) {
    this.raw = raw;
    this.limits = new TransactionLimits(raw);
    // A client that is made of these options has connections of its own.
    this.options = { ...raw.options, onclose: () => {} };
    this.tx = this.client({ scope: this.root });
  }

  /** Refuses whatever is still sent. */
  close(): void {
    this.root.isOpen = false;
  }

  /** To be called when the step has returned. @throws the reason why the transaction cannot be committed */
  check(): void {
    if (this.spoilt !== undefined) throw this.spoilt;
    if (this.levels.length > 0) throw notEnded();
    if (this.aborting !== undefined) throw abortedBy(this.aborting);
  }

  /** "The current transaction is aborted" is the consequence of an error that is worth more. */
  explained(error: unknown): unknown {
    const { aborting } = this;
    return aborting !== undefined && causedBy(error, '25P02') ? abortedBy(aborting) : error;
  }

  private client(holder: Holder, more: Record<PropertyKey, unknown> = {}): postgres.Sql {
    const { raw } = this;
    const guarded = <Made>(made: Made): Made => this.guarded(made, holder);
    const unavailable = (name: string) => async () => Promise.reject(refusedMethod(name));
    const own: Record<PropertyKey, unknown> = {
      options: this.options,
      unsafe: (...args: Parameters<typeof raw.unsafe>) => guarded(raw.unsafe(...args)),
      file: (...args: unknown[]) => fromFile(raw, args, guarded),
      notify: async (channel: string, payload: string) =>
        guarded(raw`select pg_catalog.pg_notify(${channel}, ${payload})`),
      begin: async (...args: unknown[]) => {
        const modes = typeof args[0] === 'string' ? args[0].replaceAll(/[^a-z, ]/gi, '') : '';
        return this.nested(holder, modes, args.at(-1) as (tx: postgres.Sql) => unknown);
      },
      savepoint: async (...args: unknown[]) => this.nested(holder, '', args.at(-1) as (tx: postgres.Sql) => unknown),
      reserve: async () => this.client({ scope: holder.scope }, { release: () => {} }),
      // The connection is the engine's: ORMs are shut down by this.
      end: async () => {},
      close: async () => {},
      prepare: unavailable('prepare'),
      listen: unavailable('listen'),
      subscribe: unavailable('subscribe'),
      largeObject: unavailable('largeObject'),
      ...more,
    };
    return new Proxy(raw, {
      apply: (_, self, args: unknown[]) => guarded(Reflect.apply(raw as never, self, args) as unknown),
      get: (_, name) => (Object.hasOwn(own, name) ? own[name] : (Reflect.get(raw, name) as unknown)),
      has: (_, name) => Object.hasOwn(own, name) || Reflect.has(raw, name),
    });
  }

  /** A query comes by here when it is sent, at the earliest when somebody awaits it. Others are fragments, and never come. */
  private guarded<Made>(made: Made, holder: Holder): Made {
    if (!isQuery(made)) return made;
    const query: Query = made;
    const send = query.handler;
    query.handler = (one) => this.send(one, send, holder);
    for (const name of ['readable', 'writable'] as const) {
      const open = query[name].bind(query);
      query[name] = async () => quiet(await open());
    }
    return made;
  }

  private send(query: Query, send: Query['handler'], holder: Holder): void {
    if (!holder.scope.isOpen || !this.root.isOpen) return query.reject(isOver());
    const text = textOf(query);
    const scope = this.current(holder);
    let settled: { onError?: () => void } = {};
    try {
      settled = this.control(query, text, holder);
    } catch (error) {
      return query.reject(error);
    }
    for (const level of this.levels)
      if (level.owner instanceof Scope && !scope.isWithin(level.owner)) level.isShared = true;
    this.watch(query, text, settled.onError);
    void send(query);
  }

  /** Where a client is used: in its own scope, or deeper. */
  private current({ scope }: Holder): Scope {
    let current = CURRENT.getStore();
    while (current !== undefined && !current.isOpen) current = current.parent;
    return current?.root === this.root && current.isWithin(scope) ? current : scope;
  }

  /** Turns the control of a transaction into that of a savepoint. @throws StepError `TRANSACTION_CONTROL` */
  private control(query: Query, text: string, owner: Holder): { onError?: () => void } {
    const statements = controlStatements(text);
    if (statements.some(({ kind }) => kind === 'deallocate')) this.hasDeallocated = true;
    const found = statements.find(({ kind }) => kind !== 'other' && kind !== 'deallocate');
    if (found === undefined) return {};
    if (statements.length > 1 || found.kind === 'refused') throw refused(found.words);
    if (found.kind === 'begin') {
      const level = this.open(owner);
      rewrite(query, opening(level.name, found.modes));
      // Of the two statements the second may have failed; then the savepoint is there.
      return { onError: () => this.undo(level) };
    }
    const level = this.levels.findLast((one) => one.owner === owner);
    if (level === undefined) throw refused(found.words);
    if (level !== this.levels.at(-1)) throw (this.spoilt ??= interleaved());
    this.levels.pop();
    rewrite(query, found.kind === 'commit' ? releasing(level.name) : undoing(level.name));
    // Its client will undo it.
    return { onError: () => void this.levels.push(level) };
  }

  private open(owner: Level['owner']): Level {
    const level: Level = { name: `durachart_${++this.savepoints}`, owner, isShared: false };
    this.levels.push(level);
    return level;
  }

  private undo(level: Level): void {
    const at = this.levels.indexOf(level);
    if (at !== -1) this.levels.splice(at);
  }

  /** Notes what becomes of a query. Its cursor replaces these two functions for each of its pages. */
  private watch(query: Query, text: string, onError: (() => void) | undefined): void {
    const done = this.limits.sent(text);
    let { resolve, reject } = query;
    const resolved = (result: unknown): void => {
      done();
      this.aborting = undefined;
      resolve(result);
    };
    const rejected = (error: unknown): void => {
      done(error);
      this.failed(error);
      onError?.();
      reject(error);
    };
    Object.defineProperties(query, {
      resolve: {
        get: () => resolved,
        set(next: typeof resolve) {
          resolve = next;
        },
      },
      reject: {
        get: () => rejected,
        set(next: typeof reject) {
          reject = next;
        },
      },
    });
  }

  private failed(error: unknown): void {
    if (error instanceof postgres.PostgresError && error.code !== '25P02') this.aborting ??= error;
  }

  /** Of the engine's own statements about savepoints. */
  private async run(text: string): Promise<void> {
    const done = this.limits.sent('');
    try {
      await this.raw.unsafe(text);
      this.aborting = undefined;
      done();
    } catch (error) {
      done(error);
      this.failed(error);
      throw error;
    }
  }

  private async nested(holder: Holder, modes: string, run: (tx: postgres.Sql) => unknown): Promise<unknown> {
    if (!holder.scope.isOpen || !this.root.isOpen) throw isOver();
    const parent = this.current(holder);
    const scope = new Scope(parent);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const { turn } = parent;
    parent.turn = ended;
    try {
      await turn;
      if (!parent.isOpen || !this.root.isOpen) throw isOver();
      return await this.within(scope, modes, run);
    } finally {
      scope.isOpen = false;
      end();
    }
  }

  private async within(scope: Scope, modes: string, run: (tx: postgres.Sql) => unknown): Promise<unknown> {
    const level = this.open(scope);
    try {
      await this.run(opening(level.name, modes));
      const result = await CURRENT.run(scope, async () => {
        const returned = await run(this.client({ scope }));
        return Array.isArray(returned) ? Promise.all(returned) : returned;
      });
      // As postgres.js does it: an error that was caught has undone what was written all the same.
      if (this.aborting !== undefined) throw this.aborting;
      if (this.levels.at(-1) !== level) throw notEnded();
      await this.run(releasing(level.name));
      this.undo(level);
      return result;
    } catch (error) {
      const why = this.explained(error);
      scope.isOpen = false;
      this.undo(level);
      if (level.isShared) this.spoilt ??= interleaved();
      // Where the connection is gone, so is the savepoint.
      if (this.root.isOpen) await this.run(undoing(level.name)).catch(() => {});
      throw why;
    }
  }
}

function isQuery(made: unknown): made is Query {
  return made instanceof Promise && 'strings' in made && 'handler' in made;
}

/** The text of a query with its fragments; instead of values and identifiers there is a parameter. */
function textOf({ strings, args }: Pick<Query, 'strings' | 'args'>): string {
  return strings.reduce((text, string, i) => `${text} ${part(args[i - 1])} ${string}`);
}

function part(value: unknown): string {
  if (isQuery(value)) return textOf(value);
  if (Array.isArray(value) && isQuery(value[0])) return value.map(part).join(' ');
  return '$0';
}

function rewrite(query: Query, text: string): void {
  query.strings = [text];
  query.args = [];
  // Several statements in one message.
  query.options.simple = true;
  query.options.prepare = false;
}

function opening(name: string, modes: string): string {
  return modes.trim() === '' ? `savepoint ${name}` : `savepoint ${name}; set transaction ${modes}`;
}

function releasing(name: string): string {
  return `release savepoint ${name}`;
}

function undoing(name: string): string {
  return `rollback to savepoint ${name}; release savepoint ${name}`;
}

/** postgres.js reads the file only when it sends the query, behind the guard; here it is read before that. */
function fromFile(
  raw: postgres.Sql,
  [path, values, more]: readonly unknown[],
  guarded: <Made>(made: Made) => Made,
): unknown {
  const args = Array.isArray(values) ? (values as never[]) : [];
  const options = (Array.isArray(values) ? more : values) as object | undefined;
  const query = guarded(raw.unsafe('', args, { prepare: true, ...options })) as unknown as Query;
  const send = query.handler;
  query.handler = async (one) => {
    try {
      one.strings = [await readFile(path as string, 'utf8')];
    } catch (error) {
      return one.reject(error);
    }
    return send(one);
  };
  return query;
}

/** A COPY whose connection is lost when nobody waits for it any more would end the process; the transaction fails of it in any case. */
function quiet<Stream extends NodeJS.EventEmitter>(stream: Stream): Stream {
  return stream.on('error', () => {});
}
