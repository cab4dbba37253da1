import { defineConfig } from 'drizzle-kit';

/** `drizzle-kit generate --config machines/export-generator/drizzle.config.ts` */
export default defineConfig({
  dialect: 'postgresql',
  schema: './machines/export-generator/schema.ts',
  out: './machines/export-generator/migrations',
  schemaFilter: ['export_generator'],
});
