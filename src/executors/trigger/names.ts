import { createHash } from 'node:crypto';
import { DefinitionError } from '../../core/error.ts';
import type { Workflow } from '../../core/workflow.ts';

/** The task that moves instances. */
export const DRIVER = 'durachart.drive';
/** The scheduled task that finds what was lost. */
export const SWEEP = 'durachart.sweep';

/** Drivers and steps never share a queue: with a limit on it, drivers that wait for steps would keep them out. */
export const DRIVER_QUEUE = 'durachart-drivers';

/** Id of the task that runs a step: `<workflow>.<step>`. Workflow names have no dot; what a step's name may not have there is written as `.<hex>.`. */
export function stepTaskId(workflow: string, step: string): string {
  return `${workflow}.${step.replace(/[^A-Za-z0-9_-]/gu, (character) => `.${(character.codePointAt(0) ?? 0).toString(16)}.`)}`;
}

/** Id of the task that starts an instance. */
export function startTaskId(workflow: Workflow): string {
  // Its steps' tasks would have the names of the engine's own.
  if (workflow.name === 'durachart') {
    throw new DefinitionError(
      'RESERVED_NAME',
      'On Trigger.dev no workflow can be named durachart: its tasks are the engine’s own. Give it another name in defineWorkflow({ name }).',
    );
  }
  return workflow.name;
}

/** Name of a step's queue, or the part of it that is a key. The platform drops other characters than these and cuts after 128, so that two names could become one. */
export function queueName(name: string): string {
  const kept = name.replaceAll(/[^A-Za-z0-9_/-]/g, '-');
  return kept === name && name.length <= 100 ? name : `${kept.slice(0, 80)}-${shortHash(name)}`;
}

/** The tag by which all runs of an instance are found; the platform takes 128 characters. */
export function instanceTag(id: string): string {
  const tag = `instance:${id}`;
  return tag.length <= 128 ? tag : `${tag.slice(0, 100)}-${shortHash(id)}`;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
