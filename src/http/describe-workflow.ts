import { z } from 'zod';
import type { StepDefinition } from '../core/step.ts';
import type { Workflow } from '../core/workflow.ts';
import type * as api from './types.ts';

export function summarizeWorkflow(workflow: Workflow): api.WorkflowSummary {
  return {
    name: workflow.name,
    version: workflow.version,
    description: workflow.description ?? null,
    steps: [...workflow.steps.keys()],
  };
}

/** Everything that a caller of a workflow may want to know, schemas as JSON Schema. */
export function describeWorkflow(workflow: Workflow): api.Workflow {
  return {
    ...summarizeWorkflow(workflow),
    input: jsonSchema(workflow.input),
    events: workflow.eventTypes.map((type) => ({ type, schema: jsonSchema(workflow.events[type]) })),
    states: statesOf(workflow.machine.definition as StateNode),
    stepOptions: Object.fromEntries([...workflow.steps].map(([name, step]) => [name, describeStep(step)])),
    children: [...workflow.children].map(([actor, child]) => ({ actor, workflow: child.name })),
    errors: { ...workflow.errors },
  };
}

function describeStep(step: StepDefinition): api.Workflow['stepOptions'][string] {
  return {
    retry: { ...step.retry },
    timeout: step.timeout ?? null,
    heartbeat: step.heartbeat ?? null,
    queue: step.queue ?? null,
    concurrency: step.concurrency ?? null,
    transactional: step.transactional,
    input: jsonSchema(step.input),
    output: jsonSchema(step.output),
  };
}

function jsonSchema(schema: z.ZodType | undefined): Record<string, unknown> | null {
  if (schema === undefined) return null;
  try {
    return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
  } catch {
    // Some schemas have no JSON Schema, which must not hide the workflow.
    return {};
  }
}

/** What is read of an XState definition. */
interface StateNode {
  states?: Record<string, StateNode>;
}

/** Names of all states, inner ones after a dot. */
function statesOf(node: StateNode, path = ''): string[] {
  return Object.entries(node.states ?? {}).flatMap(([key, child]) => {
    const name = path === '' ? key : `${path}.${key}`;
    return [name, ...statesOf(child, name)];
  });
}
