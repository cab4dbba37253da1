import { designEngine, migrations as designEngineMigrations } from './design-engine/index.ts';
import { digestEmail, migrations as digestEmailMigrations } from './digest-email/index.ts';
import { exportGenerator, migrations as exportGeneratorMigrations } from './export-generator/index.ts';
import { mockupGenerator } from './mockup-generator/index.ts';
import { migrations as videoProcessingMigrations, videoProcessing } from './video-processing/index.ts';
import { migrations as webhookProcessorMigrations, webhookProcessor, webhookRoute } from './webhook-processor/index.ts';
import { migrations as winnerRefreshMigrations, winnerRefresh } from './winner-refresh/index.ts';

/** Every workflow that the server knows. */
export const workflows = [
  videoProcessing,
  winnerRefresh,
  exportGenerator,
  designEngine,
  mockupGenerator,
  digestEmail,
  webhookProcessor,
] as const;

/** Migrations of the tables that workflows bring along. */
export const migrations = [
  videoProcessingMigrations,
  winnerRefreshMigrations,
  exportGeneratorMigrations,
  designEngineMigrations,
  digestEmailMigrations,
  webhookProcessorMigrations,
] as const;

/** Routes that workflows bring along. */
export const routes = [webhookRoute] as const;
