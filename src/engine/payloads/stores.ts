import { DurachartError, errorRecord } from '../../core/error.ts';
import { isReference } from '../../core/payload.ts';
import type { DriverStore } from '../driver-store.ts';
import type { InstanceRows } from '../operations/instance-rows.ts';
import type { OperationStore } from '../operations/records.ts';
import type { Claimed, Commit, Store } from '../ports.ts';
import type { Reader } from '../reader.ts';
import type { NewEvent, Posted, SendFacts } from '../sending/send-store.ts';
import { wholeClaimed, wholeInbox, wholeStep } from './claims.ts';
import { lighter, lighterSnapshot, lighterStep, lighterTimer, lighterTransition, mayBeHeavy } from './commits.ts';
import type { Payloads } from './payloads.ts';

/**
 * The engine's ports on the database, in front of which values are whole and behind which rows hold references to those
 * that are too large for them. What is small passes as it is.
 */
export function storeWithPayloads(store: Store, payloads: Payloads): Store {
  const whole = async (claimed: Claimed[]): Promise<Claimed[]> =>
    Promise.all(claimed.map(async (one) => wholeClaimed(one, payloads)));
  return {
    ...store,
    ...sharedWithPayloads(store, payloads),
    claim: async (...args) => whole(await store.claim(...args)),
    claimOrdered: async (...args) => whole(await store.claimOrdered(...args)),
    inbox: async (worker, ids) => {
      const read = await store.inbox(worker, ids);
      return Promise.all(
        read.map(async (row) => {
          const { events, damage } = await wholeInbox(row.id, row.inbox, payloads);
          return { ...row, inbox: events, ...(damage === undefined ? {} : { damaged: true as const }) };
        }),
      );
    },
  };
}

/** The same for the store of drivers. */
export function driverStoreWithPayloads(store: DriverStore, payloads: Payloads): DriverStore {
  const light: <Row extends Parameters<DriverStore['settleStep']>[1]>(id: string, row: Row) => Promise<Row> = async (
    id,
    row,
  ) => lighterStep(row, async (value, what) => payloads.put(id, value, what));
  return {
    ...store,
    ...sharedWithPayloads(store, payloads),
    take: async (worker, id) => {
      const taken = await store.take(worker, id);
      return typeof taken === 'string' ? taken : { claimed: await wholeClaimed(taken.claimed, payloads) };
    },
    assignment: async (fence) => {
      const found = await store.assignment(fence);
      return found === undefined
        ? undefined
        : { ...found, row: await wholeStep(fence.instanceId, found.row, payloads) };
    },
    saveStep: async (fence, expected, row) => store.saveStep(fence, expected, await light(fence.instanceId, row)),
    settleStep: async (fence, row, now) => store.settleStep(fence, await light(fence.instanceId, row), now),
    settleInTransaction: async (fence, run, rowOf, signal) =>
      store.settleInTransaction(fence, async (tx) => outputFor(payloads, fence, await run(tx)), rowOf, signal),
  };
}

function sharedWithPayloads(
  store: Pick<Store, 'commit' | 'size' | 'reload' | 'transactional' | 'items' | 'itemResults'>,
  payloads: Payloads,
): Pick<Store, 'commit' | 'reload' | 'transactional' | 'items' | 'itemResults'> {
  return {
    commit: async (worker, batch) => {
      const heavy = (commit: Commit): boolean => mayBeHeavy(store.size(commit));
      if (!batch.some(heavy)) return store.commit(worker, batch);
      const light: Commit[] = [];
      for (const commit of batch) light.push(heavy(commit) ? await lighter(commit, payloads) : commit);
      return store.commit(worker, light);
    },
    reload: async (...args) =>
      Promise.all((await store.reload(...args)).map(async (one) => wholeClaimed(one, payloads))),
    items: async (id, ...args) => payloads.whole(id, await store.items(id, ...args)),
    itemResults: async (id, ...args) => payloads.whole(id, await store.itemResults(id, ...args)),
    transactional: async (fence, run, signal) => {
      let output: unknown;
      await store.transactional(fence, async (tx) => outputFor(payloads, fence, (output = await run(tx))), signal);
      return output;
    },
  };
}

async function outputFor(
  payloads: Payloads,
  { instanceId, key }: { instanceId: string; key: string },
  output: unknown,
): Promise<unknown> {
  return payloads.put(instanceId, output, `The output of step ${key}`);
}

/** What people read shows references; what is sent and what is thought through by it does not. */
export function readerWithPayloads(reader: Reader, payloads: Payloads): Reader {
  return {
    ...reader,
    sendFacts: async (...args) =>
      Promise.all((await reader.sendFacts(...args)).map(async (facts) => wholeFacts(facts, payloads))),
    post: async (events) => {
      const light = await Promise.all(events.map(async (event) => lighterEvent(event, payloads)));
      const posted = await reader.post(light.filter((event) => 'instanceId' in event));
      const others = posted.values();
      return light.map((event) => ('instanceId' in event ? (others.next().value as Posted) : event));
    },
    standing: async (id) => {
      const claimed = await reader.standing(id);
      return claimed === undefined ? undefined : wholeClaimed(claimed, payloads);
    },
  };
}

/** What the guards of a state may look at is whole. What waits in its inbox is not read for that. */
async function wholeFacts(facts: SendFacts, payloads: Payloads): Promise<SendFacts> {
  const { id, snapshot } = facts;
  if (snapshot === null || !Object.values(snapshot.context).some(isReference)) return facts;
  try {
    return { ...facts, snapshot: await payloads.whole(id, snapshot) };
  } catch (error) {
    if (!(error instanceof DurachartError)) throw error;
    return { ...facts, damage: errorRecord(error) };
  }
}

async function lighterEvent(event: NewEvent, payloads: Payloads): Promise<NewEvent | Posted> {
  try {
    return { ...event, payload: await payloads.put(event.instanceId, event.payload, `The event ${event.type}`) };
  } catch (error) {
    return { outcome: 'refused', error };
  }
}

/** What operations go back to is whole, and so is an export. */
export function operationsWithPayloads(operations: OperationStore, payloads: Payloads): OperationStore {
  return {
    ...operations,
    request: async (operation) => {
      const { instanceId: id } = operation;
      const what = `What the ${operation.operation} was given`;
      return operations.request({
        ...operation,
        payload: await payloads.put(id, operation.payload, what),
        arguments: await payloads.put(id, operation.arguments, what),
      });
    },
    past: async (id, sequence) => payloads.whole(id, await operations.past(id, sequence)),
    rows: async (id) => payloads.whole(id, await operations.rows(id)),
    insert: async (rows, audit, at) => operations.insert(await lighterRows(rows, payloads), audit, at),
  };
}

async function lighterRows(rows: InstanceRows, payloads: Payloads): Promise<InstanceRows> {
  const { instance } = rows;
  const { id } = instance;
  const put = async (value: unknown, what: string): Promise<unknown> => payloads.put(id, value, what);
  const every = async <T>(list: readonly T[], change: (item: T) => Promise<T>): Promise<T[]> => {
    const changed: T[] = [];
    for (const item of list) changed.push(await change(item));
    return changed;
  };
  return {
    ...rows,
    instance: {
      ...instance,
      ...('input' in instance ? { input: await put(instance.input, 'The input') } : {}),
      ...('output' in instance ? { output: await put(instance.output, 'The output') } : {}),
      snapshot: instance.snapshot === null ? null : await lighterSnapshot(instance.snapshot, put),
    },
    transitions: await every(rows.transitions, async (row) => lighterTransition(row, put)),
    steps: await every(rows.steps, async (row) => lighterStep(row, put)),
    timers: await every(rows.timers, async (timer) => lighterTimer(timer, put)),
    events: await every(rows.events, async (event) => ({
      ...event,
      payload: await put(event.payload, `The event ${event.type}`),
    })),
  };
}
