import type { ErrorRecord } from '../../core/error.ts';
import { MASK, type KnownSecrets, type Marks } from '../../core/secrets.ts';
import type { SnapshotDiff } from '../../core/snapshot.ts';
import type { HistoryEntry, InstanceView, StepDetail, StepView } from '../api.ts';
import type { Cause, Explanation, Preview } from '../explain/explanation.ts';
import { RELAY } from '../keys.ts';
import type { ExportDocument } from '../operations/instance-rows.ts';
import type { OperationRecord } from '../operations/records.ts';
import type { AttemptRecord, LogLine } from '../ports.ts';
import { UNKNOWN, type WorkflowMarks } from './workflow-marks.ts';

/** What is seen of one instance without the right to its secrets: what its schemas mark, and the same values wherever else they are. */
export class Lens {
  private readonly marks: WorkflowMarks;
  private readonly known: KnownSecrets;

  constructor(marks: WorkflowMarks, known: KnownSecrets) {
    this.marks = marks;
    this.known = known;
  }

  /** @param marks what its schema marks in it */
  value(marks: Marks | undefined, value: unknown): unknown {
    return this.known.mask(marks === undefined ? value : marks.mask(value));
  }

  /** Something that no schema is for. */
  any<T>(value: T): T {
    return this.known.mask(value);
  }

  error(error: ErrorRecord | null): ErrorRecord | null {
    if (error === null || this.marks !== UNKNOWN) return this.known.mask(error);
    const { code, class: kind, name } = error;
    return { code, class: kind, name, message: MASK };
  }

  instance(view: InstanceView): InstanceView {
    return {
      ...view,
      steps: view.steps.map((step) => this.step(step)),
      context: this.value(this.marks.context, view.context) as InstanceView['context'],
      input: this.value(this.marks.input, view.input),
      output: this.value(this.marks.output, view.output),
      error: this.error(view.error),
    };
  }

  step<T extends StepView>(step: T): T {
    return { ...step, message: this.words(step.message) };
  }

  /** Free text, in which anything may be. */
  private words(message: string | null): string | null {
    return message !== null && this.marks === UNKNOWN ? MASK : this.any(message);
  }

  stepDetail(step: StepDetail): StepDetail {
    return {
      ...this.invocation(this.step(step)),
      attempts: step.attempts.map((attempt) => this.attempt(attempt)),
      logs: this.lines(step.logs),
    };
  }

  private invocation<T extends Pick<StepDetail, 'kind' | 'step' | 'input' | 'output' | 'error'>>(row: T): T {
    const marks = this.marks === UNKNOWN ? UNKNOWN : this.marks.steps.get(row.step);
    return {
      ...row,
      input: this.value(marks?.input, row.input),
      output:
        row.kind === 'fan-out' && this.marks !== UNKNOWN
          ? this.results(marks?.output, row.output)
          : this.value(marks?.output, row.output),
      error: this.error(row.error),
    };
  }

  /** Of a fan-out: the schema is that of each item's output. */
  private results(marks: Marks | undefined, output: unknown): unknown {
    const { results } = (output ?? {}) as { results?: unknown };
    if (marks === undefined || !Array.isArray(results)) return this.any(output);
    const masked = results.map((each: object & { output?: unknown }) => ({
      ...each,
      output: this.value(marks, each.output),
    }));
    return this.any({ ...(output as object), results: masked });
  }

  private attempt(attempt: AttemptRecord): AttemptRecord {
    const { error, logs, ...rest } = attempt;
    return {
      ...rest,
      ...(error === undefined ? {} : { error: this.error(error) as ErrorRecord }),
      ...(logs === undefined ? {} : { logs: this.lines(logs) }),
    };
  }

  private lines(lines: LogLine[]): LogLine[] {
    return this.marks === UNKNOWN ? lines.map(({ at, level }) => ({ at, level, message: MASK })) : this.any(lines);
  }

  entry(entry: HistoryEntry): HistoryEntry {
    return { ...entry, payload: this.payload(entry.event, entry.payload), emitted: this.all(entry.emitted) };
  }

  private all(values: unknown[]): unknown[] {
    return this.marks === UNKNOWN ? values.map(() => MASK) : this.any(values);
  }

  /** Of an event as it is stored: without its type. */
  private payload(event: string, payload: unknown): unknown {
    if (this.marks === UNKNOWN) return this.value(UNKNOWN.input, payload);
    if (event === RELAY) return this.relayed(payload);
    if (event.startsWith('durachart.')) return this.order(payload);
    return this.value(this.marks.events.get(event), payload);
  }

  /** The event is for an instance of another workflow, whose schemas are not known here: all of its fields may be secret. */
  private relayed(payload: unknown): unknown {
    const { event, ...rest } = payload as { event?: object };
    if (event === undefined) return this.any(payload);
    const fields = Object.entries(event).map(([key, value]) => [key, key === 'type' ? (value as unknown) : MASK]);
    return { ...this.any(rest), event: Object.fromEntries(fields) as object };
  }

  /** What somebody has given with an operation. */
  private order(given: unknown): unknown {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return this.any(given);
    const masked = Object.entries(given).map(([key, value]) => [key, this.given(key, value)]);
    return Object.fromEntries(masked) as object;
  }

  private given(key: string, value: unknown): unknown {
    switch (key) {
      case 'patch':
        return this.patch(value);
      case 'input':
        return this.value(this.marks.input, value);
      case 'output':
        return this.anyOutput(value);
      case 'context':
        return this.value(this.marks.context, value);
      case 'moment':
      case 'snapshot':
      case 'as':
        return this.order(value);
      default:
        return this.any(value);
    }
  }

  /** The output of a step, of which it is not told which one: what any of them marks is masked. */
  private anyOutput(output: unknown): unknown {
    if (this.marks === UNKNOWN) return this.value(UNKNOWN.output, output);
    return [...this.marks.steps.values()].reduce((masked, { output }) => this.value(output, masked), this.any(output));
  }

  /** The values that a JSON Patch has for what is secret. */
  private patch(patch: unknown): unknown {
    if (!Array.isArray(patch)) return this.any(patch);
    return patch.map((operation: { path?: unknown; value?: unknown }) => {
      if (!('value' in operation)) return this.any(operation);
      return {
        ...this.any(operation),
        value: this.value(marksAt(this.marks.context, operation.path), operation.value),
      };
    });
  }

  operation(record: OperationRecord): OperationRecord {
    return {
      ...record,
      arguments: this.order(record.arguments),
      why: this.words(record.why),
      reason: this.words(record.reason),
      result: this.order(record.result),
    };
  }

  output(output: unknown): unknown {
    return this.value(this.marks.output, output);
  }

  /** Words, and commands that are ready to be sent: nothing in it is told by a schema. */
  explanation(explanation: Explanation): Explanation {
    if (this.marks !== UNKNOWN) return this.any(explanation);
    // Whoever does not know the workflow has little to say of it, but may have found an error.
    const causes = explanation.causes.map((cause) => {
      const error = 'error' in cause ? this.error(cause.error) : null;
      return error === null ? cause : ({ ...cause, words: `It failed with ${error.code}.`, error } as Cause);
    });
    const recent = explanation.recent.map((past) => ({
      ...past,
      why: this.words(past.why),
      reason: this.words(past.reason),
    }));
    return this.any({ ...explanation, summary: causes.map(({ words }) => words).join(' '), causes, recent });
  }

  preview(preview: Preview): Preview {
    const { steps, children, context, output, ...rest } = preview;
    return {
      ...this.any(rest),
      steps: steps.map((step) => ({ ...step, input: this.value(this.marks.steps.get(step.step)?.input, step.input) })),
      // Of a child only its workflow is told, not the name that its marks are found by.
      children: children.map((child) => ({ ...child, input: this.anyInput(child.input) })),
      context: this.value(this.marks.context, context) as Preview['context'],
      ...(output === undefined ? {} : { output: this.output(output) }),
    };
  }

  private anyInput(input: unknown): unknown {
    return [...this.marks.steps.values()].reduce((masked, { input }) => this.value(input, masked), this.any(input));
  }

  diff(diff: SnapshotDiff): SnapshotDiff {
    return {
      ...diff,
      ...(diff.context === undefined
        ? {}
        : { context: this.value(this.marks.context, diff.context) as Record<string, unknown> }),
      ...('output' in diff ? { output: this.value(this.marks.output, diff.output) } : {}),
      ...('error' in diff
        ? { error: this.value(this.marks === UNKNOWN ? UNKNOWN.output : undefined, diff.error) }
        : {}),
    };
  }

  document(document: ExportDocument): ExportDocument {
    const { instance, transitions, steps, timers, events } = document;
    return {
      ...document,
      instance: {
        ...instance,
        ...('input' in instance ? { input: this.value(this.marks.input, instance.input) } : {}),
        ...('output' in instance ? { output: this.value(this.marks.output, instance.output) } : {}),
        snapshot: instance.snapshot === null ? null : (this.diff(instance.snapshot) as typeof instance.snapshot),
        error: this.error(instance.error),
      },
      transitions: transitions.map((row) => ({
        ...row,
        payload: this.payload(row.event, row.payload),
        diff: this.diff(row.diff),
        emitted: row.emitted === null ? null : this.all(row.emitted),
        timers: this.any(row.timers),
      })),
      steps: steps.map((row) => ({
        ...row,
        ...this.invocation(row),
        message: this.words(row.message),
        attempts: row.attempts?.map((attempt) => this.attempt(attempt)) ?? null,
        logs: row.logs === null ? null : this.lines(row.logs),
      })),
      timers: this.any(timers),
      events: events.map((row) => ({ ...row, payload: this.payload(row.type, row.payload) })),
    };
  }
}

/** What is secret at a JSON Pointer. */
export function marksAt(marks: Marks | undefined, pointer: unknown): Marks | undefined {
  let at = marks;
  for (const token of tokensOf(pointer)) {
    if (at === undefined || at.isSecret) return at;
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    const field = at.at(key);
    at = field.isEmpty && /^(\d+|-)$/.test(key) ? at.at(Number.parseInt(key, 10) || 0) : field;
  }
  return at;
}

function tokensOf(pointer: unknown): string[] {
  return typeof pointer === 'string' ? pointer.split('/').slice(1) : [];
}
