import { Marks } from '../../core/secrets.ts';
import type { Workflow } from '../../core/workflow.ts';

/** What is secret of an invocation. */
interface StepMarks {
  input: Marks | undefined;
  output: Marks | undefined;
}

/** What the schemas of a workflow mark as secret. */
export interface WorkflowMarks extends StepMarks {
  context: Marks | undefined;
  /** By event type, for those that have any. */
  events: ReadonlyMap<string, Marks>;
  /** By step, or by the name under which a child machine is registered. */
  steps: ReadonlyMap<string, StepMarks>;
}

/** Of a workflow that this process does not know, and of which everything may be secret. */
export const UNKNOWN: WorkflowMarks = {
  input: Marks.ALL,
  output: Marks.ALL,
  context: Marks.ALL,
  events: new Map(),
  steps: new Map(),
};

/** What is secret in which workflow. @param workflows with those that they start as children */
export function marksByWorkflow(workflows: ReadonlyMap<string, Workflow>): ReadonlyMap<string, WorkflowMarks> {
  return new Map([...workflows].map(([name, workflow]) => [name, marksOf(workflow)]));
}

/** What the schemas of a workflow mark; asked for each time, as nothing is kept. */
export function marksOf({ input, output, context, events, steps, children }: Workflow): WorkflowMarks {
  const invoked = [...steps, ...children].map(([name, step]): [string, StepMarks] => [
    name,
    { input: Marks.of(step.input), output: Marks.of(step.output) },
  ]);
  return {
    input: Marks.of(input),
    output: Marks.of(output),
    context: Marks.of(context),
    events: new Map(
      Object.entries(events).flatMap(([type, schema]) => {
        const marks = Marks.of(schema);
        return marks === undefined ? [] : [[type, marks]];
      }),
    ),
    steps: new Map(invoked.filter(([, marks]) => marks.input !== undefined || marks.output !== undefined)),
  };
}

/** Whether anything in a workflow is secret. */
export function marksAny({ input, output, context, events, steps }: WorkflowMarks): boolean {
  return input !== undefined || output !== undefined || context !== undefined || events.size > 0 || steps.size > 0;
}

/** The workflows whose instances can hold a secret: those that mark one, and those that they start, which are given theirs. */
export function holdingSecrets(
  workflows: ReadonlyMap<string, Workflow>,
  marks: ReadonlyMap<string, WorkflowMarks>,
): ReadonlySet<string> {
  const holding = new Set([...marks].filter(([, each]) => marksAny(each)).map(([name]) => name));
  // Those that are added are gone through as well.
  for (const name of holding) for (const child of workflows.get(name)?.children.values() ?? []) holding.add(child.name);
  return holding;
}
