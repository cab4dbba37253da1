import { defineConfig } from 'drizzle-kit';

/** `drizzle-kit generate --config machines/design-engine/drizzle.config.ts` */
export default defineConfig({
  dialect: 'postgresql',
  schema: './machines/design-engine/schema.ts',
  out: './machines/design-engine/migrations',
  schemaFilter: ['design_engine'],
});
