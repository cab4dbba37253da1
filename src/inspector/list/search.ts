import type { InstanceStatus } from '../../http/types.ts';
import type { Query } from '../api/client.ts';
import { STATUSES } from '../kit/status.tsx';

/** What a list shows, as it stands in the address. */
export interface ListSearch {
  workflow?: string;
  status?: InstanceStatus;
  state?: string;
  is?: Condition;
  errorCode?: string;
  /** That it waits for, or failed at. */
  step?: string;
  tag?: string;
  tenant?: string;
  parentId?: string;
  /** Started within (`1h`, `1d`, `7d`), or before that (`>1h`, `>1d`, `>7d`). */
  age?: Age;
}

export const CONDITIONS = ['stuck', 'retrying', 'waiting', 'overdue'] as const;
export type Condition = (typeof CONDITIONS)[number];

const HOUR = 3_600_000;
const AGES_MS = { '1h': HOUR, '1d': 24 * HOUR, '7d': 168 * HOUR, '>1h': HOUR, '>1d': 24 * HOUR, '>7d': 168 * HOUR };
export type Age = keyof typeof AGES_MS;
export const AGES: readonly (readonly [Age, string])[] = [
  ['1h', 'within the last hour'],
  ['1d', 'within the last day'],
  ['7d', 'within the last week'],
  ['>1h', 'more than an hour ago'],
  ['>1d', 'more than a day ago'],
  ['>7d', 'more than a week ago'],
];

/** What is meant by each filter, before its value. */
export const WORDS: Readonly<Record<keyof ListSearch, string>> = {
  workflow: 'workflow',
  status: 'status',
  state: 'state',
  is: 'is',
  errorCode: 'error code',
  step: 'step',
  tag: 'tag',
  tenant: 'tenant',
  parentId: 'started by',
  age: 'started',
};

const TEXTS = ['workflow', 'state', 'errorCode', 'step', 'tag', 'tenant', 'parentId'] as const;

/** Takes from an address what a list can be asked for; the rest is dropped. */
export function readSearch(search: Record<string, unknown>): ListSearch {
  const found: ListSearch = {};
  for (const key of TEXTS) {
    const value = search[key];
    if (typeof value === 'string' && value !== '') found[key] = value;
    // The router reads `tag=2026` as a number.
    else if (typeof value === 'number' || typeof value === 'boolean') found[key] = String(value);
  }
  const status = STATUSES.find((each) => each === search['status']);
  if (status !== undefined) found.status = status;
  const is = CONDITIONS.find((each) => each === search['is']);
  if (is !== undefined) found.is = is;
  const age = AGES.find(([each]) => each === search['age'])?.[0];
  if (age !== undefined) found.age = age;
  return found;
}

/** As the API is asked, now. */
export function toQuery({ age, ...search }: ListSearch): Query {
  if (age === undefined) return { ...search };
  const then = new Date(Date.now() - AGES_MS[age]).toISOString();
  return { ...search, ...(age.startsWith('>') ? { until: then } : { since: then }) };
}

/** The same with one filter more, another value of it, or without it. */
export function withFilter<K extends keyof ListSearch>(search: ListSearch, key: K, value: ListSearch[K]): ListSearch {
  const { [key]: _, ...rest } = search;
  // A state is one of its workflow's, and so is a step.
  if (key === 'workflow') {
    delete (rest as ListSearch).state;
    delete (rest as ListSearch).step;
  }
  return value === undefined ? rest : { ...rest, [key]: value };
}

export function filtersOf(search: ListSearch): [keyof ListSearch, string][] {
  return (Object.entries(search) as [keyof ListSearch, string | undefined][]).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value]],
  );
}

/** How a filter is said: `started within the last hour`. */
export function wordsOf(key: keyof ListSearch, value: string): string {
  return key === 'age' ? (AGES.find(([age]) => age === value)?.[1] ?? value) : value;
}
