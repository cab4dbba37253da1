import type * as engine from '../engine/api.ts';
import { trouble as wordsOf } from '../engine/trouble.ts';
import type { OperationRecord } from '../engine/operations/records.ts';
import type { AttemptRecord, LogLine } from '../engine/ports.ts';
import type * as api from './types.ts';

/** What the engine gives, as the API sends it: times as ISO text. */

function presentStep(step: engine.StepView): api.Step {
  return {
    key: step.key,
    kind: step.kind,
    step: step.step,
    status: step.status,
    attempt: step.attempt,
    maxAttempts: step.maxAttempts,
    nextAttemptAt: iso(step.nextAttemptAt),
    progress: step.progress,
    message: step.message,
    errorCode: step.errorCode,
    childId: step.childId,
    queuedAt: step.queuedAt.toISOString(),
    startedAt: iso(step.startedAt),
    heartbeatAt: iso(step.heartbeatAt),
    finishedAt: iso(step.finishedAt),
    fanOut: step.fanOut === null ? null : { ...step.fanOut, resumeAt: iso(step.fanOut.resumeAt) },
  };
}

export function presentStepDetail(step: engine.StepDetail): api.StepDetail {
  return {
    ...presentStep(step),
    input: step.input ?? null,
    output: step.output ?? null,
    error: step.error,
    attempts: step.attempts.map(presentAttempt),
    logs: step.logs.map(presentLine),
  };
}

export function presentSummary(instance: engine.InstanceSummary): api.InstanceSummary {
  return {
    id: instance.id,
    workflow: instance.workflow,
    version: instance.version,
    tenant: instance.tenant,
    tags: instance.tags,
    priority: instance.priority,
    status: instance.status,
    state: instance.state,
    sequence: instance.sequence,
    steps: instance.steps.map(presentStep),
    errorCode: instance.errorCode,
    key: instance.key,
    parentId: instance.parentId,
    createdAt: instance.createdAt.toISOString(),
    updatedAt: instance.updatedAt.toISOString(),
    finishedAt: iso(instance.finishedAt),
  };
}

export function presentInstance(instance: engine.InstanceView): api.Instance {
  return {
    ...presentSummary(instance),
    value: instance.value,
    context: instance.context,
    input: instance.input ?? null,
    output: instance.output ?? null,
    error: instance.error,
    accepts: instance.accepts,
    timers: instance.timers.map(({ id, dueAt }) => ({ id, dueAt: dueAt.toISOString() })),
    children: instance.children,
  };
}

export function presentEntry(entry: engine.HistoryEntry): api.HistoryEntry {
  return { ...entry, payload: entry.payload ?? null, at: entry.at.toISOString() };
}

export function presentChange(change: engine.Change): api.Change {
  switch (change.type) {
    case 'transition':
      return { ...change, entry: presentEntry(change.entry) };
    case 'step':
      return { ...change, step: presentStep(change.step) };
    case 'status':
      return change;
  }
}

export function presentPage<T, U>(page: engine.Page<T>, present: (item: T) => U): api.Page<U> {
  return { items: page.items.map(present), next: page.next };
}

export function presentOperation(operation: OperationRecord): api.Operation {
  return {
    ...operation,
    requestedAt: operation.requestedAt.toISOString(),
    finishedAt: iso(operation.finishedAt),
  };
}

/** @param dashboard of Trigger.dev */
export function presentHealth(health: engine.Health, dashboard: string | undefined): api.Ready {
  const { trouble } = health;
  return {
    status: health.database && (trouble === null || trouble.code === 'SLOW') ? 'ready' : 'unavailable',
    database: health.database,
    latencyMs: health.latencyMs,
    // In words that do not say where the database is.
    trouble: trouble === null ? null : { code: trouble.code, detail: wordsOf(trouble.code).message },
    ...(health.remote === true ? { remote: true, remoteTrouble: presentRemote(health.remoteTrouble) } : {}),
    ...(health.remote === true && dashboard !== undefined ? { dashboard } : {}),
    workers: health.workers.map((worker) => ({
      ...worker,
      startedAt: worker.startedAt.toISOString(),
      beatAt: worker.beatAt.toISOString(),
    })),
  };
}

function presentRemote(trouble: engine.Health['remoteTrouble']): api.Ready['remoteTrouble'] {
  return trouble == null ? null : { since: trouble.since.toISOString(), detail: trouble.message };
}

function presentAttempt({
  attempt,
  startedAt,
  finishedAt,
  outcome,
  error,
  logs,
  runId,
}: AttemptRecord): api.StepDetail['attempts'][number] {
  return {
    attempt,
    startedAt: new Date(startedAt).toISOString(),
    finishedAt: new Date(finishedAt).toISOString(),
    outcome,
    ...(error === undefined ? {} : { error }),
    ...(logs === undefined ? {} : { logs: logs.map(presentLine) }),
    ...(runId === undefined ? {} : { runId }),
  };
}

function presentLine(line: LogLine): api.LogLine {
  return { ...line, at: new Date(line.at).toISOString() };
}

function iso(time: Date | null): string | null {
  return time?.toISOString() ?? null;
}
