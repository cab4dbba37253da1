import { afterAll, beforeAll, describe } from 'vitest';
import { claimContract } from './claims.ts';
import { commitContract } from './commits.ts';
import { inboxContract } from './inbox.ts';
import type { MakeStore, StoreAccess } from './made.ts';
import { rowContract } from './rows.ts';
import { workerContract } from './workers.ts';

/** What every store must keep. */
export function storeContract(makeStore: MakeStore): void {
  describe('the contract of a store', () => {
    let made: Awaited<ReturnType<MakeStore>>;
    let first: StoreAccess;
    let second: StoreAccess;
    beforeAll(async () => {
      made = await makeStore();
      first = made.open();
      second = made.open();
    });
    afterAll(async () => {
      await Promise.all([first.close(), second.close()]);
      await made.drop();
    });
    commitContract(() => first);
    rowContract(() => first);
    inboxContract(
      () => first,
      () => second,
    );
    claimContract(
      () => first,
      () => second,
    );
    workerContract(
      () => first,
      () => second,
      () => made.open(),
    );
  });
}
