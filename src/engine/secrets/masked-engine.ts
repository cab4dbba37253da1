import { DurachartError } from '../../core/error.ts';
import { isReference } from '../../core/payload.ts';
import { KnownSecrets, MASK } from '../../core/secrets.ts';
import type {
  Change,
  Engine,
  HistoryEntry,
  InstanceSummary,
  InstanceView,
  Page,
  StepDetail,
  StepView,
} from '../api.ts';
import { registry } from '../create.ts';
import type { PublishedEvent } from '../events/event-store.ts';
import type { OperationRecord, OperationRequest } from '../operations/records.ts';
import { EventMasks } from './event-masks.ts';
import { Lens, marksAt } from './lens.ts';
import { holdingSecrets, marksByWorkflow, UNKNOWN, type WorkflowMarks } from './workflow-marks.ts';

/** Instances whose secrets are remembered. */
const REMEMBERED = 1_000;
const PAGE = 500;

/**
 * The engine as it is seen without the right to secrets: everything works, and what the schemas mark with
 * `.meta({ secret: true })` is masked in what it gives, with the same texts wherever else they have got to. Where no
 * workflow marks anything it is the engine itself. What is secret in a workflow that this process does not know, nobody
 * can tell: of its instances no data is shown.
 */
export function maskedEngine(engine: Engine): Engine {
  const masking = new Masking(engine);
  if (!masking.isNeeded) return engine;
  const within = async <T>(id: string, action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      throw await masking.error(id, error);
    }
  };
  return {
    workflows: engine.workflows,
    start: async (...args) => engine.start(...args),
    send: (async (id, event, options) => within(id, async () => engine.send(id, event, options))) as Engine['send'],
    schedules: async () => engine.schedules(),
    runSchedule: async (id, options) => masking.operation(await engine.runSchedule(id, options)),
    publish: engine.publish.bind(engine),
    publishedEvent: async (id) => masking.published(await engine.publishedEvent(id)),
    publishedEvents: async (options) => {
      const { items, next } = await engine.publishedEvents(options);
      return { items: await Promise.all(items.map(async (event) => masking.published(event))), next };
    },
    get: async (id) => {
      const view = await engine.get(id);
      return (await masking.lensOf(view)).instance(view);
    },
    list: async (options) => {
      const { items, next } = await engine.list(options);
      return { items: await masking.summaries(items), next };
    },
    counts: async (options) => engine.counts(options),
    history: async (id, options) => {
      const { items, next } = await engine.history(id, options);
      const lens = await masking.lens(id);
      return { items: items.map((entry) => lens.entry(entry)), next };
    },
    steps: async (id) => {
      const steps = await engine.steps(id);
      const lens = await masking.lens(id);
      return steps.map((step) => lens.stepDetail(step));
    },
    items: async (id, step, options) => {
      const { items, next } = await engine.items(id, step, options);
      const lens = await masking.lens(id);
      return { items: items.map((item) => lens.stepDetail(item)), next };
    },
    snapshot: async (id, sequence) => {
      const snapshot = await engine.snapshot(id, sequence);
      return (await masking.lens(id)).diff(snapshot) as typeof snapshot;
    },
    payload: async (id, sha256) => {
      await masking.assertHarmless(id);
      return engine.payload(id, sha256);
    },
    explain: async (id) => {
      const explanation = await engine.explain(id);
      return (await masking.lens(id)).explanation(explanation);
    },
    preview: async (id, event) => {
      const preview = await engine.preview(id, event);
      return (await masking.lens(id)).preview(preview);
    },
    cancel: async (id, options) => {
      const record = await within(id, async () => engine.cancel(id, options));
      return record === null ? null : masking.operation(record);
    },
    retry: async (id, options) => masking.operation(await within(id, async () => engine.retry(id, options))),
    operate: async (id, request, options) => {
      await masking.assertBlind(id, request);
      return masking.operation(await within(id, async () => engine.operate(id, request, options)));
    },
    operation: async (id, options) => masking.operation(await engine.operation(id, options)),
    operations: async (options) => {
      const { items, next } = await engine.operations(options);
      return { items: await Promise.all(items.map(async (record) => masking.operation(record))), next };
    },
    bulk: engine.bulk.bind(engine),
    pause: async (target, options) => engine.pause(target, options),
    unpause: async (target, options) => engine.unpause(target, options),
    pauses: async () => engine.pauses(),
    fork: async (id, fork, options) => {
      await masking.assertBlind(id, { patch: fork?.patch });
      return within(id, async () => engine.fork(id, fork, options));
    },
    export: async (id) => {
      const document = await engine.export(id);
      return (await masking.lens(id)).document(document);
    },
    import: async (document, options) => engine.import(document, options),
    result: async <O>(id: string, options?: { timeout?: number; signal?: AbortSignal }) => {
      const output = await within(id, async () => engine.result<O>(id, options));
      return (await masking.lens(id)).output(output) as O;
    },
    subscribe: (options) => masking.changes(engine.subscribe(options)),
    overview: async (period) => engine.overview(period),
    statistics: async (workflow, period) => engine.statistics(workflow, period),
    health: async () => engine.health(),
    retention: async (options) => engine.retention(options),
    reconcile: async () => engine.reconcile(),
    work: async () => engine.work(),
    stop: async (options) => engine.stop(options),
  };
}

/** Finds out what is secret in which instance. */
class Masking {
  private readonly engine: Engine;
  private readonly marks: ReadonlyMap<string, WorkflowMarks>;
  private readonly holding: ReadonlySet<string>;
  private readonly events: EventMasks;
  /** By instance, as of a transition; the one that was asked for longest ago first. */
  private readonly remembered = new Map<string, { sequence: number; secrets: KnownSecrets }>();

  constructor(engine: Engine) {
    this.engine = engine;
    const workflows = registry(engine.workflows);
    this.marks = marksByWorkflow(workflows);
    this.holding = holdingSecrets(workflows, this.marks);
    this.events = new EventMasks(workflows);
  }

  get isNeeded(): boolean {
    return this.holding.size > 0 || this.events.isNeeded;
  }

  private holds(workflow: string): boolean {
    return this.holding.has(workflow) || !this.marks.has(workflow);
  }

  async lens(id: string): Promise<Lens> {
    return this.lensOf(await this.engine.get(id));
  }

  async lensOf(view: InstanceView): Promise<Lens> {
    const marks = this.marks.get(view.workflow) ?? UNKNOWN;
    return new Lens(marks, this.holds(view.workflow) ? await this.secretsOf(view) : new KnownSecrets());
  }

  /** What lies in the artifact store is given as it is, or not at all. @throws DurachartError `SECRETS_TOKEN_NEEDED` */
  async assertHarmless(id: string): Promise<void> {
    const { workflow } = await this.engine.get(id);
    if (!this.holds(workflow)) return;
    throw new DurachartError(
      'SECRETS_TOKEN_NEEDED',
      `Instances of ${workflow} can have secrets in them, and this value is too large to be masked. It is given to who brings the token that shows secrets.`,
    );
  }

  /** Only a step's message can have a secret in it. */
  async summaries(items: InstanceSummary[]): Promise<InstanceSummary[]> {
    return Promise.all(
      items.map(async (item) => {
        if (!this.holds(item.workflow) || item.steps.every(({ message }) => message === null)) return item;
        const steps = await Promise.all(item.steps.map(async (step) => this.step(item.id, step)));
        return { ...item, steps };
      }),
    );
  }

  private async step(id: string, step: StepView): Promise<StepView> {
    const lens = await this.lensIfThere(id);
    return lens === undefined ? { ...step, message: null } : lens.step(step);
  }

  async operation(record: OperationRecord): Promise<OperationRecord> {
    if (record.target !== 'instance') return record;
    // The record outlives the instance, and then nobody knows what was secret in it.
    const lens = (await this.lensIfThere(record.targetId)) ?? new Lens(UNKNOWN, new KnownSecrets());
    return lens.operation(record);
  }

  /** What an instance has published can have in it what is secret there. */
  async published(event: PublishedEvent): Promise<PublishedEvent> {
    const masked = this.events.mask(event);
    const lens = event.source === null ? undefined : await this.lensIfThere(event.source);
    return lens?.any(masked) ?? masked;
  }

  async *changes(source: AsyncIterable<Change>): AsyncIterable<Change> {
    for await (const change of source) yield this.change(change);
  }

  private async change(change: Change): Promise<Change> {
    if (change.type === 'step') {
      if (change.step.message === null || !this.holds(change.workflow)) return change;
      return { ...change, step: await this.step(change.instanceId, change.step) };
    }
    if (change.type === 'status') return change;
    const { entry } = change;
    if ((entry.payload === null && entry.emitted.length === 0) || !this.holds(entry.workflow)) return change;
    return { ...change, entry: await this.entry(entry) };
  }

  private async entry(entry: HistoryEntry): Promise<HistoryEntry> {
    const lens = (await this.lensIfThere(entry.instanceId)) ?? new Lens(UNKNOWN, new KnownSecrets());
    return lens.entry(entry);
  }

  private async lensIfThere(id: string): Promise<Lens | undefined> {
    return this.lens(id).catch(ifNotFound);
  }

  /** What went wrong, without what is secret in the instance that it is about. */
  async error(id: string, error: unknown): Promise<unknown> {
    if (!(error instanceof DurachartError) || error.code === 'INSTANCE_NOT_FOUND') return error;
    const lens = await this.lens(id).catch(() => undefined);
    if (lens === undefined) return error;
    return new DurachartError(error.code, lens.any(error.message), { details: lens.any(error.details), cause: error });
  }

  /**
   * A patch that reads what is secret could put it where it is not, and one that was made of what is shown would put the
   * mask in its place.
   * @throws DurachartError `INVALID_PATCH`
   */
  async assertBlind(id: string, request: OperationRequest | { patch: unknown }): Promise<void> {
    const patch = 'patch' in request ? request.patch : undefined;
    if (!Array.isArray(patch)) return;
    const { workflow } = await this.engine.get(id);
    const marks = (this.marks.get(workflow) ?? UNKNOWN).context;
    for (const [index, operation] of (
      patch as { op?: unknown; path?: unknown; from?: unknown; value?: unknown }[]
    ).entries()) {
      const read = operation.op === 'test' ? operation.path : operation.from;
      if (read !== undefined && marksAt(marks, read)?.hasAny() === true) {
        throw new DurachartError(
          'INVALID_PATCH',
          `Operation ${index} of the patch reads ${JSON.stringify(read)}, in which is what the workflow marks as secret. That needs the token that shows secrets.`,
          { details: { index } },
        );
      }
      if (holdsMask(operation.value)) {
        throw new DurachartError(
          'INVALID_PATCH',
          `Operation ${index} of the patch would put the text ${MASK}, which stands in place of a secret, into the context. Leave such fields as they are, or name the new value.`,
          { details: { index } },
        );
      }
    }
  }

  /** What its schemas mark in all that is stored of an instance, and of those that it has its own from. */
  private async secretsOf(view: InstanceView): Promise<KnownSecrets> {
    const known = this.remembered.get(view.id);
    if (known?.sequence === view.sequence) return known.secrets;
    const secrets = new KnownSecrets();
    const add = (secret: unknown): void => secrets.add(secret);
    const marks = this.marks.get(view.workflow);
    const whole = async (value: unknown): Promise<unknown> => this.whole(view.id, value);
    marks?.input?.mask(await whole(view.input), add);
    marks?.context?.mask(await this.wholeFields(view), add);
    marks?.output?.mask(await whole(view.output), add);
    if (marks !== undefined && marks.steps.size > 0) {
      for await (const { step, input, output } of this.invocations(view.id, marks)) {
        const of = marks.steps.get(step);
        if (of?.input !== undefined) of.input.mask(await whole(input), add);
        if (of?.output !== undefined) of.output.mask(await whole(output), add);
      }
    }
    if (marks !== undefined && marks.events.size > 0) {
      for await (const { event, payload } of this.history(view.id))
        marks.events.get(event)?.mask(await whole(payload), add);
    }
    // What went wrong with a child is told to its parent.
    const failed = view.steps.filter(({ errorCode, childId }) => errorCode !== null && childId !== null);
    for (const id of [view.parentId, ...failed.map(({ childId }) => childId)]) {
      if (id !== null) await this.addOf(id, secrets, view.id);
    }
    // The items of a fan-out come to more without a transition.
    if (!view.steps.some(({ kind }) => kind === 'fan-out')) this.remember(view, secrets);
    return secrets;
  }

  /** Every invocation, and of fan-outs whose step has secrets every item in place of the whole. */
  private async *invocations(id: string, marks: WorkflowMarks): AsyncIterable<StepDetail> {
    for (const step of await this.engine.steps(id)) {
      if (step.kind !== 'fan-out') yield step;
      else if (marks.steps.has(step.step)) yield* this.items(id, step.key);
    }
  }

  private async *items(id: string, key: string): AsyncIterable<StepDetail> {
    for (let cursor: string | null = '0'; cursor !== null;) {
      const page: Page<StepDetail> = await this.engine.items(id, key, { limit: PAGE, cursor });
      yield* page.items;
      cursor = page.next;
    }
  }

  /** Secrets in what lies in the artifact store are known, too, as long as it is there. */
  private async whole(id: string, value: unknown): Promise<unknown> {
    return isReference(value) ? this.engine.payload(id, value.sha256).catch(() => value) : value;
  }

  private async wholeFields({ id, context }: InstanceView): Promise<InstanceView['context']> {
    if (context === null || !Object.values(context).some(isReference)) return context;
    const fields = Object.entries(context).map(async ([key, value]) => [key, await this.whole(id, value)] as const);
    return Object.fromEntries(await Promise.all(fields));
  }

  private async addOf(id: string, secrets: KnownSecrets, from: string): Promise<void> {
    const relative = await this.engine.get(id).catch(ifNotFound);
    if (relative === undefined || !this.holds(relative.workflow)) return;
    // Of the one that asks, all is known already: it is not asked again.
    const { parentId, steps } = relative;
    const onward = {
      ...relative,
      parentId: parentId === from ? null : parentId,
      steps: steps.filter(({ childId }) => childId !== from),
    };
    secrets.addAll(await this.secretsOf(onward));
  }

  private async *history(id: string): AsyncIterable<HistoryEntry> {
    let cursor: string | undefined;
    do {
      const page = await this.engine.history(id, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
      yield* page.items;
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }

  private remember({ id, sequence }: InstanceView, secrets: KnownSecrets): void {
    this.remembered.delete(id);
    this.remembered.set(id, { sequence, secrets });
    const [oldest] = this.remembered.keys();
    if (this.remembered.size > REMEMBERED && oldest !== undefined) this.remembered.delete(oldest);
  }
}

function ifNotFound(error: unknown): undefined {
  if ((error as { code?: unknown }).code !== 'INSTANCE_NOT_FOUND') throw error;
}

function holdsMask(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(holdsMask);
  return value === MASK;
}
