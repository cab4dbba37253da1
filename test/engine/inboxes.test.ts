import { expect, test } from 'vitest';
import { systemClock } from '../../src/engine/clock.ts';
import { Inboxes, type InboxHost } from '../../src/engine/inboxes.ts';
import { own, type Owned } from '../../src/engine/owned.ts';
import type { Store } from '../../src/engine/ports.ts';

type Read = Awaited<ReturnType<Store['inbox']>>;

/** Inboxes of a worker that owns `a`, and a database that answers when the test says so. */
function readings() {
  const copy = (): Owned => own({ id: 'a' } as Owned['state'], 0, 1, 0);
  const questions: ((read: Read) => void)[] = [];
  let asked = (): void => {};
  const store = {
    inbox: async () =>
      new Promise<Read>((resolve) => {
        questions.push(resolve);
        asked();
      }),
    pending: async () => ['a', 'b'],
  } as unknown as Store;
  const did: string[] = [];
  const memory = new Map([['a', copy()]]);
  const host: InboxHost = {
    workerId: 1,
    stopped: false,
    find: (id) => memory.get(id),
    beforeReading: async () => {},
    drain: (_, inbox) => did.push(`took ${inbox.length}`),
    settleDown: () => did.push('looked whether it can be given back'),
    drop: () => did.push('dropped'),
    suspect: () => did.push('suspected'),
    fault: (error) => did.push(String(error)),
  };
  const inboxes = new Inboxes({ store, clock: systemClock }, host);
  return {
    did,
    checkPending: async () => inboxes.checkPending(),
    poke: () => inboxes.poke(memory.get('a') as Owned),
    /** The instance is given back and taken anew. */
    takeAnew: () => void memory.set('a', copy()),
    /** Waits until the worker has asked for the nth time. */
    question: async (nth: number) => {
      while (questions.length < nth) await new Promise<void>((resolve) => (asked = resolve));
      return questions[nth - 1] as (read: Read) => void;
    },
  };
}

test('an inbox that was read before the instance was taken anew says nothing of it: it is read once more', async () => {
  const { did, poke, takeAnew, question } = readings();
  poke();
  const first = await question(1);
  takeAnew();
  // When that was read nobody had it.
  first([]);
  const second = await question(2);
  expect(did).toEqual([]);
  second([{ id: 'a', wake: 2, inbox: [] }]);
  await expect.poll(() => did).toEqual(['took 0', 'looked whether it can be given back']);
});

test('an instance that is in other hands is let go of, and looked for', async () => {
  const { did, poke, question } = readings();
  poke();
  (await question(1))([]);
  await expect.poll(() => did).toEqual(['dropped', 'suspected']);
});

test('an instance that is this worker’s, has something in its inbox and is not in memory is looked for', async () => {
  const { did, checkPending, question } = readings();
  await checkPending();
  expect(did).toEqual(['suspected']);
  (await question(1))([{ id: 'a', wake: 1, inbox: [] }]);
  await expect.poll(() => did).toContain('took 0');
});
