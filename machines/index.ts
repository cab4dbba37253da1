import { exportGenerator, migrations as exportGeneratorMigrations } from './export-generator/index.ts';
import { migrations as videoProcessingMigrations, videoProcessing } from './video-processing/index.ts';
import { migrations as winnerRefreshMigrations, winnerRefresh } from './winner-refresh/index.ts';

/** Every workflow that the server knows. */
export const workflows = [videoProcessing, winnerRefresh, exportGenerator] as const;

/** Migrations of the tables that workflows bring along. */
export const migrations = [videoProcessingMigrations, winnerRefreshMigrations, exportGeneratorMigrations] as const;
