import { randomUUID } from 'node:crypto';
import { DurachartError } from '../../core/error.ts';
import type { ListOptions } from '../api.ts';
import { checkBy, checkFilters, pageSize } from '../checks.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import type { InstanceStatus } from '../ports.ts';
import type { Reader } from '../reader.ts';
import type { Operator } from './operator.ts';
import type { OperationOptions, OperationRecord, OperationRequest } from './records.ts';

/** Which instances: as a list is asked for. */
export type BulkFilter = Omit<ListOptions, 'limit' | 'cursor'>;

export interface BulkOptions extends OperationOptions {
  /** Needed where the filter has nothing in it: every instance is meant. */
  all?: boolean | undefined;
  /** Instances in a batch: default 100, at most 500. */
  limit?: number | undefined;
  /** The `next` of the batch before. */
  cursor?: string | undefined;
}

/** What one batch did. */
export interface BulkBatch {
  /** To go on with, or to repeat the batch: with the same key nothing is done twice. */
  key: string;
  /** Instances in this batch. */
  matched: number;
  applied: number;
  /** Asked for; whoever moves these instances has not come to it yet. */
  requested: number;
  refused: { id: string; code: string; reason: string }[];
  /** Cursor of the next batch; null after the last. */
  next: string | null;
}

/** What would be done. */
export interface BulkCount {
  /** Instances that the filter finds; at most {@link MOST_COUNTED}. */
  matched: number;
  /** There are more than `matched`. */
  more: boolean;
  /** The newest ones, that were looked into for `states`. */
  sampled: number;
  states: {
    workflow: string;
    status: InstanceStatus;
    state: string;
    sampled: number;
    /** For so many of them it is legal now. */
    legal: number;
    /** How often it is refused, by code. */
    refused: Record<string, number>;
  }[];
}

const MOST_COUNTED = 10_000;
const SAMPLE = 200;
/** With an instance's id it makes the key of that instance's operation. */
const LONGEST_KEY = 255;
/** Whatever else an instance says no with, the others can still be asked. */
const NOT_OF_AN_INSTANCE = new Set(['DATABASE_UNAVAILABLE', 'ENGINE_STOPPED', 'INVALID_OPTION']);

/** What an instance says no with. */
type Refusal = BulkBatch['refused'][number];

/** Does an operation to one batch of the instances that a filter finds. @throws DurachartError `INVALID_OPTION`, `INVALID_CURSOR` */
export async function bulk(
  { reader, operator }: { reader: Reader; operator: Operator },
  request: OperationRequest,
  filter: BulkFilter,
  { all, limit: batch = 100, cursor, key = randomUUID(), wait, ...by }: BulkOptions,
): Promise<BulkBatch> {
  check(filter, all);
  checkBy({ ...by, key, wait });
  if (key.length > LONGEST_KEY)
    throw new DurachartError('INVALID_OPTION', `key must have at most ${LONGEST_KEY} characters.`);
  const limit = pageSize(batch);
  const found = await reader.list(filter, limit + 1, cursor === undefined ? undefined : decodeCursor(cursor));
  const items = found.slice(0, limit);
  // All at once: what they read and write goes in groups.
  const asked = await Promise.all(
    items.map(async ({ id }) => operator.operate(id, request, { ...by, key: `${key} ${id}` }).catch(refusalOf(id))),
  );
  // All of them are on their way before the first one is waited for.
  const outcomes = await Promise.all(asked.map(async (one) => (isOperation(one) ? operator.outcome(one, wait) : one)));
  const done = outcomes.filter((one) => isOperation(one));
  const last = items.at(-1);
  return {
    key,
    matched: items.length,
    applied: done.filter(({ status }) => status === 'applied').length,
    requested: done.filter(({ status }) => status === 'requested').length,
    refused: outcomes.flatMap((one) => {
      if (!isOperation(one)) return [one];
      return one.status === 'refused' ? [{ id: one.targetId, code: one.code ?? '', reason: one.reason ?? '' }] : [];
    }),
    next: found.length > limit && last !== undefined ? encodeCursor(last) : null,
  };
}

/** What {@link bulk} would do; of many instances the newest are looked into. @throws DurachartError `INVALID_OPTION` */
export async function countBulk(
  { reader, operator }: { reader: Reader; operator: Operator },
  request: OperationRequest,
  filter: BulkFilter,
  { all }: Pick<BulkOptions, 'all'>,
): Promise<BulkCount> {
  check(filter, all);
  const [matched, sample] = await Promise.all([
    reader.howMany(filter, MOST_COUNTED + 1),
    reader.list(filter, SAMPLE, undefined),
  ]);
  const looked = await Promise.all(
    sample.map(async (instance) => {
      const refusal = await operator.check(instance.id, request).catch(refusalOf(instance.id));
      return { instance, code: refusal?.code };
    }),
  );
  const places = Map.groupBy(looked, ({ instance: { workflow, status, state } }) =>
    JSON.stringify([workflow, status, state]),
  );
  return {
    matched: Math.min(matched, MOST_COUNTED),
    more: matched > MOST_COUNTED,
    sampled: sample.length,
    states: [...places.values()].map((place) => {
      const { workflow, status, state } = (place[0] as (typeof place)[number]).instance;
      const refused: Record<string, number> = {};
      for (const { code } of place) if (code !== undefined) refused[code] = (refused[code] ?? 0) + 1;
      const legal = place.filter(({ code }) => code === undefined).length;
      return { workflow, status, state, sampled: place.length, legal, refused };
    }),
  };
}

function isOperation(one: OperationRecord | Refusal): one is OperationRecord {
  return 'operation' in one;
}

function check(filter: BulkFilter, all: boolean | undefined): void {
  checkFilters(filter);
  if (all !== true && Object.values(filter).every((value) => value === undefined))
    throw new DurachartError(
      'INVALID_OPTION',
      'A filter with nothing in it means every instance. Say so with all: true.',
    );
}

function refusalOf(id: string): (error: unknown) => Refusal {
  return (error) => {
    if (!(error instanceof DurachartError) || NOT_OF_AN_INSTANCE.has(error.code)) throw error;
    return { id, code: error.code, reason: error.message };
  };
}
