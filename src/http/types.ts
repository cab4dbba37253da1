import type { z } from '@hono/zod-openapi';
import type * as explain from './explain-schemas.ts';
import type * as operations from './operation-schemas.ts';
import type * as pauses from './pauses.ts';
import type * as published from './published.ts';
import type * as schedules from './schedules.ts';
import type * as schemas from './schemas.ts';
import type * as statistics from './statistics-schemas.ts';

/** Types of what the API sends: for clients, which need no schemas at run time. */
export type InstanceStatus = z.infer<typeof schemas.InstanceStatus>;
export type LogLine = z.infer<typeof schemas.LogLine>;
export type Step = z.infer<typeof schemas.Step>;
export type StepDetail = z.infer<typeof schemas.StepDetail>;
export type InstanceSummary = z.infer<typeof schemas.InstanceSummary>;
export type Count = z.infer<typeof schemas.Count>;
export type Instance = z.infer<typeof schemas.Instance>;
export type HistoryEntry = z.infer<typeof schemas.HistoryEntry>;
export type Change = z.infer<typeof schemas.Change>;
export type Snapshot = z.infer<typeof schemas.Snapshot>;
export type WorkflowSummary = z.infer<typeof schemas.WorkflowSummary>;
export type Workflow = z.infer<typeof schemas.Workflow>;
export type Definition = Workflow['definition'];
export type Started = z.infer<typeof schemas.Started>;
export type Sent = z.infer<typeof schemas.Sent>;
export type SentOutcome = z.infer<typeof schemas.SentOutcome>;
export type Artifact = z.infer<typeof schemas.Artifact>;
export type Upload = z.infer<typeof schemas.Upload>;
export type Session = z.infer<typeof schemas.Session>;
export type Retained = z.infer<typeof schemas.Retained>;
export type Ready = z.infer<typeof schemas.Ready>;
export type Reconciled = z.infer<typeof schemas.Reconciled>;
export type Explanation = z.infer<typeof explain.Explanation>;
export type Cause = Explanation['causes'][number];
export type Preview = z.infer<typeof explain.Preview>;
export type Operation = z.infer<typeof operations.Operation>;
export type Operated = z.infer<typeof operations.Operated>;
export type Export = z.infer<typeof operations.Export>;
export type BulkBatch = z.infer<typeof operations.BulkBatch>;
export type BulkCount = z.infer<typeof operations.BulkCount>;
export type Paused = z.infer<typeof pauses.Paused>;
export type Schedule = z.infer<typeof schedules.Schedule>;
export type PublishedEvent = z.infer<typeof published.PublishedEvent>;
export type Published = z.infer<typeof published.Published>;
export type Overview = z.infer<typeof statistics.Overview>;
export type WorkflowStatistics = z.infer<typeof statistics.WorkflowStatistics>;
export type Problem = z.infer<typeof schemas.Problem>;

export type { PayloadReference } from '../core/payload.ts';

/** One page of a list. */
export interface Page<T> {
  items: T[];
  next: string | null;
}
