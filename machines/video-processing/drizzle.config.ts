import { defineConfig } from 'drizzle-kit';

/** `drizzle-kit generate --config machines/video-processing/drizzle.config.ts` */
export default defineConfig({
  dialect: 'postgresql',
  schema: './machines/video-processing/schema.ts',
  out: './machines/video-processing/migrations',
  schemaFilter: ['video_processing'],
});
