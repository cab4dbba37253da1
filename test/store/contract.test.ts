import { openDatabase } from '../../src/store/database.ts';
import { createStore } from '../../src/store/postgres.ts';
import { createReader } from '../../src/store/reader.ts';
import { createMigrated } from '../support/database.ts';
import { storeContract } from './contract/contract.ts';

// On the embedded server, or on that of TEST_DATABASE_URL: whichever this test run has.
storeContract(async () => {
  const { url, drop } = await createMigrated();
  return {
    open: () => {
      const database = openDatabase(url);
      return {
        store: createStore(database),
        reader: createReader(database),
        silence: async (worker, milliseconds) => {
          await database.pool`
            update durachart.workers set beat_at = beat_at - ${milliseconds}::float8 * interval '1 ms' where id = ${worker}`;
        },
        close: async () => database.close(),
      };
    },
    drop,
  };
});
