import { migrations as videoProcessingMigrations, videoProcessing } from './video-processing/index.ts';

/** Every workflow that the server knows. */
export const workflows = [videoProcessing] as const;

/** Migrations of the tables that workflows bring along. */
export const migrations = [videoProcessingMigrations] as const;
