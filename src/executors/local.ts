import { NO_ARTIFACTS, type ArtifactStore } from '../core/artifact.ts';
import { concurrencyKeyOf } from '../core/concurrency-key.ts';
import { DurachartError, StepError } from '../core/error.ts';
import { issuesInWords, namedIssues } from '../core/issues.ts';
import type { RunContext, StepTransaction, Transaction } from '../core/step.ts';
import { storable } from '../core/json.ts';
import { decoded } from '../core/undefined.ts';
import { sleep } from '../engine/clock.ts';
import type { Published, Publisher } from '../engine/events/publisher.ts';
import { isSmall, Payloads } from '../engine/payloads/payloads.ts';
import type { AttemptListener, Clock, Executor, Invocation, Outcome, RunningAttempt } from '../engine/ports.ts';
import { StepOutlet, type PostEvents } from './outlet.ts';

/** What steps are run with. */
export interface LocalOptions {
  clock: Clock;
  artifacts: ArtifactStore | undefined;
  publisher: Pick<Publisher, 'publish' | 'deliverAll'>;
  post: PostEvents;
}

/** Runs steps in this process. An output that is too large for a row is in the artifact store before the step is done. */
export function localExecutor(options: LocalOptions): Executor {
  const parts = { ...options, payloads: new Payloads(options.artifacts) };
  return { run: (invocation, listener) => new Attempt(invocation, listener, parts).start() };
}

interface Parts extends LocalOptions {
  payloads: Payloads;
}

class Attempt {
  private readonly controller = new AbortController();
  private readonly invocation: Invocation;
  private readonly listener: AttemptListener;
  private readonly clock: Clock;
  private readonly artifacts: ArtifactStore;
  private readonly payloads: Payloads;
  private readonly publisher: LocalOptions['publisher'];
  private readonly sent: StepOutlet;
  private readonly ended = Promise.withResolvers<Outcome>();
  private readonly timers: (() => void)[] = [];
  private stopSilence: () => void = () => {};
  private over = false;
  /** The handler has returned, and its transaction is about to be committed with its result: what becomes of that counts. */
  private committing = false;
  /** Something was published in its transaction. */
  private published = false;

  constructor(invocation: Invocation, listener: AttemptListener, options: Parts) {
    this.invocation = invocation;
    this.listener = listener;
    this.clock = options.clock;
    this.artifacts = options.artifacts ?? NO_ARTIFACTS;
    this.payloads = options.payloads;
    this.publisher = options.publisher;
    this.sent = new StepOutlet(
      invocation,
      async (...sent) => this.persisted(async () => options.post(...sent)),
      this.clock,
    );
  }

  start(): RunningAttempt {
    const { timeout } = this.invocation.definition;
    if (timeout !== undefined) {
      this.timers.push(this.clock.after(timeout, () => this.expire(`took longer than ${timeout} ms`)));
    }
    this.watchSilence();
    void this.call()
      // What it has sent comes before what it came to.
      .then(
        async (output) => {
          await this.sent.stored();
          return output;
        },
        async (error: unknown) => {
          await this.sent.stored();
          throw error;
        },
      )
      .then(
        (output) => this.end({ type: 'done', output }),
        (error: unknown) => this.end({ type: 'failed', error }),
      );
    return { outcome: this.ended.promise, abort: (reason) => this.abort(reason) };
  }

  private async call(): Promise<unknown> {
    const { definition, step, transaction } = this.invocation;
    const input = decoded(this.invocation.input);
    // A mismatch is the caller's fault, and stays one however often it is tried: ZodError is final.
    const parsed = definition.input === undefined ? input : definition.input.parse(input);
    // One without a key has no place of its own, and must not run for that.
    concurrencyKeyOf(definition, step, parsed);
    const run = async (tx: Transaction | undefined): Promise<unknown> => {
      if (this.over) throw new StepError('FENCED', 'The attempt was over before it had a connection.');
      const output = await definition.run(this.context(parsed, tx));
      const checked = definition.output?.safeParse(output) ?? { success: true, data: output };
      if (checked.success) {
        const storable = await this.storable(checked.data);
        if (this.over) throw new StepError('FENCED', 'The attempt was over before it returned.');
        this.committing = tx !== undefined;
        return storable;
      }
      throw new StepError(
        'INVALID_OUTPUT',
        `${this.invocation.step} returned what its output schema refuses: ${issuesInWords(checked.error.issues)}`,
        {
          details: {
            issues: namedIssues(checked.error.issues).map(({ path, message }) => ({ path: path.join('.'), message })),
          },
        },
      );
    };
    if (transaction === undefined) return run(undefined);
    let isAtWork = false;
    const output = await transaction(async (tx) => {
      isAtWork = true;
      return run(tx).finally(() => (isAtWork = false));
    }, this.controller.signal).catch((error: unknown) => {
      // On a connection that was lost.
      if (isAtWork) this.controller.abort(error);
      throw error;
    });
    if (this.published) await this.publisher.deliverAll();
    return output;
  }

  /** What the machine sees now is what it would see after a restart. @throws NotJsonError, DurachartError as {@link Payloads.store} does */
  private async storable(output: unknown): Promise<unknown> {
    const { step, instance } = this.invocation;
    if (output === undefined) return undefined;
    const text = JSON.stringify(storable(output, `The output of ${step}`));
    if (!isSmall(text)) await this.payloads.store(instance.id, text, `The output of ${step}`);
    return JSON.parse(text) as unknown;
  }

  private context(input: unknown, tx: Transaction | undefined): RunContext {
    const { instance, key, attempt } = this.invocation;
    const { sent } = this;
    return {
      input,
      key,
      attempt,
      instance,
      get outlet() {
        return sent.outlet;
      },
      artifacts: this.artifacts,
      signal: this.controller.signal,
      log: this.listener.log,
      tx: tx as StepTransaction,
      publish: async (event, payload, options) => {
        if (this.over) throw new StepError('FENCED', 'The attempt was over before it published this.');
        this.published ||= tx !== undefined;
        return this.publish(event, payload, { key: options?.key ?? key, source: instance.id, tx });
      },
      progress: (fraction, message) => {
        if (this.over) return;
        this.watchSilence();
        this.listener.progress(Math.min(1, Math.max(0, fraction)), message);
      },
      heartbeat: () => {
        if (this.over) return;
        this.watchSilence();
        this.listener.heartbeat();
      },
    };
  }

  private async publish(...args: Parameters<Publisher['publish']>): Promise<Published> {
    return this.persisted(async () => this.publisher.publish(...args), args[2]?.tx);
  }

  /** A database that is away is not the step's failure: its own transaction aside, the event is stored when it is back. */
  private async persisted<T>(write: () => Promise<T>, tx?: unknown): Promise<T> {
    for (let pause = 50; ; pause = Math.min(1_000, pause * 2)) {
      try {
        return await write();
      } catch (error) {
        if (!(error instanceof DurachartError)) throw error;
        const { code, message, details } = error;
        if (code !== 'DATABASE_UNAVAILABLE' || this.over || tx !== undefined)
          throw new StepError(code, message, { retryable: code === 'DATABASE_UNAVAILABLE', details, cause: error });
        await sleep(this.clock, pause);
      }
    }
  }

  private watchSilence(): void {
    const { heartbeat } = this.invocation.definition;
    if (heartbeat === undefined) return;
    this.stopSilence();
    this.stopSilence = this.clock.after(heartbeat, () => this.expire(`was silent for ${heartbeat} ms`));
  }

  private expire(what: string): void {
    this.abort(new StepError('TIMEOUT', `${this.invocation.step}, attempt ${this.invocation.attempt}, ${what}.`));
  }

  /** Ends the attempt at once, whether or not the handler heeds the signal: what it still returns is dropped. */
  private abort(reason: Error): void {
    this.controller.abort(reason);
    if (!this.committing) this.end({ type: 'failed', error: reason });
  }

  private end(outcome: Outcome): void {
    if (this.over) return;
    this.over = true;
    this.sent.close();
    this.stopSilence();
    for (const stop of this.timers) stop();
    this.ended.resolve(this.sent.any ? { ...outcome, sent: true } : outcome);
  }
}
