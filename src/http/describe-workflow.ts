import type { StepDefinition } from '../core/step.ts';
import type { Workflow } from '../core/workflow.ts';
import { jsonSchema } from '../engine/json-schema.ts';
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
  const { definition } = workflow.machine;
  return {
    ...summarizeWorkflow(workflow),
    input: jsonSchema(workflow.input),
    events: workflow.eventTypes.map((type) => ({ type, schema: jsonSchema(workflow.events[type]) })),
    states: definition.states.map(({ path }) => path).filter((path) => path !== ''),
    definition,
    stepOptions: Object.fromEntries([...workflow.steps].map(([name, step]) => [name, describeStep(step)])),
    children: [...workflow.children].map(([actor, child]) => ({ actor, workflow: child.name })),
    errors: { ...workflow.errors },
  };
}

/** The workflow of that name: a registered one, or one that only runs as the child of another. */
export function findWorkflow(workflows: Iterable<Workflow>, name: string): Workflow | undefined {
  const reached = new Set(workflows);
  for (const workflow of reached) {
    if (workflow.name === name) return workflow;
    // Those that are added are gone through as well; a workflow may be its own child.
    for (const child of workflow.children.values()) reached.add(child);
  }
  return undefined;
}

function describeStep(step: StepDefinition): api.Workflow['stepOptions'][string] {
  return {
    retry: { ...step.retry },
    timeout: step.timeout ?? null,
    heartbeat: step.heartbeat ?? null,
    queue: step.queue ?? null,
    concurrency: step.concurrency ?? null,
    concurrencyPerKey: step.concurrencyKey !== undefined,
    transactional: step.transactional,
    input: jsonSchema(step.input),
    output: jsonSchema(step.output),
  };
}
