export { createEngine, type CreateEngineOptions } from './create-engine.ts';
export { defineWorkflow, type EventOf, type InputOf, type OutputOf, type Workflow } from './core/workflow.ts';
export {
  defineStep,
  type Step,
  type StepContext,
  type StepLogger,
  type StepOptions,
  type Transaction,
  type TransactionalStepContext,
} from './core/step.ts';
export { DefinitionError, DurachartError, StepError, type ErrorClass, type ErrorRecord } from './core/error.ts';
export type { Artifact, ArtifactStore } from './core/artifact.ts';
export type { RetryPolicy } from './core/retry.ts';
export type { StateValue, StoredSnapshot } from './core/snapshot.ts';
export type {
  Change,
  Engine,
  Health,
  HistoryEntry,
  InstanceSummary,
  InstanceView,
  ListOptions,
  Page,
  Started,
  StartOptions,
  StepDetail,
  StepView,
} from './engine/api.ts';
export type { AttemptRecord, Clock, InstanceStatus, LogLine, StepKind, StepStatus } from './engine/ports.ts';
export { createLocalArtifacts } from './artifacts/local.ts';
export { startEmbedded, EmbeddedError, type EmbeddedOptions, type EmbeddedServer } from './store/embedded.ts';
export { ENGINE_MIGRATIONS, migrate, type Migrations } from './store/migrate.ts';
