import { placeKeyOf } from '../core/concurrency-key.ts';
import type { Workflow } from '../core/workflow.ts';
import { Limits } from './limits.ts';
import type { StepRow } from './ports.ts';

/** Every invocation takes one of these. */
export const WORKER = 'worker';

/** The limits that a worker keeps: its own, those of steps, and those of queues. */
export function workerLimits(options: {
  concurrency: number;
  queues: Readonly<Record<string, number>>;
  workflows: ReadonlyMap<string, Workflow>;
}): Limits {
  const limits = new Map([[WORKER, options.concurrency]]);
  for (const [queue, limit] of Object.entries(options.queues)) limits.set(`queue ${queue}`, limit);
  for (const workflow of options.workflows.values()) {
    for (const [name, { concurrency }] of workflow.steps) {
      if (concurrency !== undefined) limits.set(`step ${workflow.name} ${name}`, concurrency);
    }
  }
  return new Limits((place) => limits.get(withoutKey(place)) ?? Infinity, WORKER);
}

/** The places that an invocation needs. Its key comes after a NUL, which no name that is stored can have. */
export function placesOf(workflow: Workflow, row: StepRow): string[] {
  const definition = row.kind === 'step' || row.kind === 'item' ? workflow.steps.get(row.step) : undefined;
  const key = definition === undefined ? undefined : placeKeyOf(definition, row.step, row.input);
  const places = [WORKER, `step ${workflow.name} ${row.step}${key === undefined ? '' : `\0${key}`}`];
  if (row.queue !== null) places.push(`queue ${row.queue}`);
  return places;
}

function withoutKey(place: string): string {
  const end = place.indexOf('\0');
  return end < 0 ? place : place.slice(0, end);
}
