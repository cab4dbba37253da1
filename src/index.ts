export { createEngine, type CreateEngineOptions } from './create-engine.ts';
export {
  defineWorkflow,
  type EventOf,
  type InputOf,
  type OutputOf,
  type PublishedOf,
  type Workflow,
} from './core/workflow.ts';
export { defineEvent, type EventDefinition, type Subscribe } from './core/published-event.ts';
export type { ScheduleOptions, Tick } from './core/schedule.ts';
export {
  defineStep,
  type Step,
  type StepContext,
  type StepLogger,
  type StepOptions,
  type StepTransaction,
  type Transaction,
  type TransactionalStepContext,
} from './core/step.ts';
export {
  forEach,
  SkipItem,
  type ForEach,
  type ForEachInput,
  type ForEachOptions,
  type ForEachOutput,
} from './core/for-each.ts';
export { parseExactJson } from './core/exact-json.ts';
export { DefinitionError, DurachartError, StepError, type ErrorClass, type ErrorRecord } from './core/error.ts';
export type { Artifact, ArtifactStore } from './core/artifact.ts';
export type { RetryPolicy } from './core/retry.ts';
export type { StateValue, StoredSnapshot } from './core/snapshot.ts';
export type { ScheduleOutcome, ScheduleView } from './engine/schedules/schedule-store.ts';
export type { DeliveryProblem, PublishedEvent } from './engine/events/event-store.ts';
export type { Published } from './engine/events/publisher.ts';
export type {
  Change,
  Condition,
  Count,
  CountOptions,
  Engine,
  FanOutView,
  Health,
  HistoryEntry,
  InstanceSummary,
  InstanceView,
  ItemsOptions,
  ListOptions,
  Page,
  Reconciled,
  Started,
  StartOptions,
  StepDetail,
  StepView,
} from './engine/api.ts';
export type {
  Cause,
  CauseCode,
  Explanation,
  LegalOperation,
  PastOperation,
  Preview,
  Standpoint,
} from './engine/explain/explanation.ts';
export type { SendOptions, Sent, SentOutcome } from './engine/sending/sender.ts';
export type { Retained, RetentionOptions } from './engine/retention.ts';
export type { BulkBatch, BulkCount, BulkFilter, BulkOptions } from './engine/operations/bulk.ts';
export type { ForkOptions } from './engine/operations/fork.ts';
export type { ImportOptions } from './engine/operations/import.ts';
export type { ExportDocument } from './engine/operations/instance-rows.ts';
export type {
  OperationOptions,
  OperationRecord,
  OperationRequest,
  Paused,
  PauseTarget,
} from './engine/operations/records.ts';
export type { AttemptRecord, Clock, InstanceStatus, LogLine, StepKind, StepStatus } from './engine/ports.ts';
export {
  defineTrigger,
  type Triggered,
  type TriggerFunction,
  type TriggeringEngine,
} from './engine/trigger-function.ts';
export type { Route, RouteRequest, RouteResponse } from './http/route.ts';
export { createLocalArtifacts } from './artifacts/local.ts';
export { startEmbedded, EmbeddedError, type EmbeddedOptions, type EmbeddedServer } from './store/embedded.ts';
export { ENGINE_MIGRATIONS, migrate, type Migrations } from './store/migrate.ts';
export { migrateWorkflows } from './store/migrate-workflows.ts';
