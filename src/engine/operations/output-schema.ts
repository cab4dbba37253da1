import type { z } from 'zod';
import { forEachOutput, type ForEachOutput } from '../../core/for-each.ts';
import type { Workflow } from '../../core/workflow.ts';
import type { StepKind } from '../ports.ts';

/** What the output of an invocation is held against when it is given by hand. */
export function outputSchema(
  workflow: Workflow | undefined,
  row: {
    kind: StepKind;
    step: string;
    fanOut?: Pick<ForEachOutput<unknown>, 'total' | 'done' | 'failed' | 'skipped'> | null | undefined;
  },
): z.ZodType | undefined {
  if (workflow === undefined) return undefined;
  if (row.kind === 'workflow') return workflow.children.get(row.step)?.output;
  const { output } = workflow.steps.get(row.step) ?? {};
  return row.kind === 'fan-out' ? forEachOutput(output, row.fanOut ?? null) : output;
}
