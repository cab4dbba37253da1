import { defineConfig } from 'drizzle-kit';

/** `drizzle-kit generate --config machines/winner-refresh/drizzle.config.ts` */
export default defineConfig({
  dialect: 'postgresql',
  schema: './machines/winner-refresh/schema.ts',
  out: './machines/winner-refresh/migrations',
  schemaFilter: ['winner_refresh'],
});
