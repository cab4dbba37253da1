import { migrate } from '../../../src/store/migrate.ts';

// A process of its own that brings the database of its argument up to date.
await migrate(process.argv[2] as string);
