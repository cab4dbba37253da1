import type { StepRow } from './ports.ts';

/** Names of what is paused beside single instances. */
export interface Pauses {
  /** Of these no instance is moved. */
  workflows: ReadonlySet<string>;
  /** Of these no step begins. */
  queues: ReadonlySet<string>;
}

export const NOTHING_PAUSED: Pauses = { workflows: new Set(), queues: new Set() };

/** Whether the pauses let an invocation begin. */
export function mayBegin({ workflows, queues }: Pauses, workflow: string, row: StepRow): boolean {
  return !workflows.has(workflow) && (row.queue === null || !queues.has(row.queue));
}

/** Of these workflows, those whose instances are moved. */
export function movedWorkflows(names: Iterable<string>, { workflows }: Pauses): string[] {
  return [...names].filter((name) => !workflows.has(name));
}

/** Whether two readings say the same. */
export function samePauses(a: Pauses, b: Pauses): boolean {
  return sameNames(a.workflows, b.workflows) && sameNames(a.queues, b.queues);
}

function sameNames(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((name) => b.has(name));
}
