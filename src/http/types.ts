import type { z } from '@hono/zod-openapi';
import type * as schemas from './schemas.ts';

/** Types of what the API sends: for clients, which need no schemas at run time. */
export type InstanceStatus = z.infer<typeof schemas.InstanceStatus>;
export type LogLine = z.infer<typeof schemas.LogLine>;
export type Step = z.infer<typeof schemas.Step>;
export type StepDetail = z.infer<typeof schemas.StepDetail>;
export type InstanceSummary = z.infer<typeof schemas.InstanceSummary>;
export type Instance = z.infer<typeof schemas.Instance>;
export type HistoryEntry = z.infer<typeof schemas.HistoryEntry>;
export type Change = z.infer<typeof schemas.Change>;
export type Snapshot = z.infer<typeof schemas.Snapshot>;
export type WorkflowSummary = z.infer<typeof schemas.WorkflowSummary>;
export type Workflow = z.infer<typeof schemas.Workflow>;
export type Started = z.infer<typeof schemas.Started>;
export type Sent = z.infer<typeof schemas.Sent>;
export type Upload = z.infer<typeof schemas.Upload>;
export type Ready = z.infer<typeof schemas.Ready>;
export type Problem = z.infer<typeof schemas.Problem>;

/** One page of a list. */
export interface Page<T> {
  items: T[];
  next: string | null;
}
