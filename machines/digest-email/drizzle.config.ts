import { defineConfig } from 'drizzle-kit';

/** `drizzle-kit generate --config machines/digest-email/drizzle.config.ts` */
export default defineConfig({
  dialect: 'postgresql',
  schema: './machines/digest-email/schema.ts',
  out: './machines/digest-email/migrations',
  schemaFilter: ['digest_email'],
});
