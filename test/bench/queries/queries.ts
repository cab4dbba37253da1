import type postgres from 'postgres';
import type { CountOptions, ListOptions } from '../../../src/index.ts';
import type { Reader } from '../../../src/engine/reader.ts';

/** One line of the table. */
export interface Query {
  name: string;
  run(reader: Reader, sql: postgres.Sql): Promise<readonly unknown[]>;
}

const list = (name: string, options: ListOptions, limit = 51): Query => ({
  name: `list ${name}`,
  run: async (reader) => reader.list(options, limit, undefined),
});
const counts = (name: string, options: CountOptions): Query => ({
  name: `counts ${name}`,
  run: async (reader) => reader.counts(options),
});
const view = (query: string, period?: string): Query => ({
  name: period === undefined ? query : `${query} (period ${period})`,
  run: async (_, sql) => sql.unsafe(query),
});

/** Id of an instance by its number, from 1. */
export function instanceId(number: number): string {
  return `01990000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** The queries of API, CLI and page, beside so many instances. */
export function queries(instances: number): Query[] {
  const middle = instanceId(Math.floor(instances / 2));
  const parent = instanceId(Math.floor(instances / 2000) * 1000 + 2);
  const before = { createdAt: new Date(Date.now() - 180 * 86_400_000), id: middle };
  return [
    { name: 'get', run: async (reader) => [await reader.instance(middle)] },
    { name: 'history', run: async (reader) => reader.history(middle, 0, 51) },
    { name: 'steps', run: async (reader) => reader.steps(middle) },
    list('all', {}),
    list('all, page of 500', {}, 501),
    { name: 'list all, from the middle', run: async (reader) => reader.list({}, 51, before) },
    list('workflow, common', { workflow: 'w1' }),
    list('workflow, rare', { workflow: 'w20' }),
    list('workflow, none such', { workflow: 'nothing' }),
    list('status waiting', { status: 'waiting' }),
    list('status failed', { status: 'failed' }),
    list('status running', { status: 'running' }),
    list('status paused (none)', { status: 'paused' }),
    { name: 'list status done, from the middle', run: async (reader) => reader.list({ status: 'done' }, 51, before) },
    list('state', { state: 'S3' }),
    list('state, none such', { state: 'S99' }),
    list('workflow, status, state', { workflow: 'w3', status: 'waiting', state: 'S2' }),
    list('workflow, status, page of 500', { workflow: 'w1', status: 'done' }, 501),
    list('step, status failed', { step: 'work', status: 'failed' }),
    list('step, none such', { step: 'nothing' }),
    list('tag, common', { tag: 'common' }),
    list('tag, old ones only', { tag: 'old' }),
    list('tag, rare', { tag: 'rare' }),
    list('tag, status', { tag: 'common', status: 'failed' }),
    list('tenant, big', { tenant: 'big' }),
    list('tenant, small', { tenant: 'tenant-7' }),
    list('tenant, status', { tenant: 'big', status: 'failed' }),
    list('parentId', { parentId: parent }),
    list('errorCode, common', { errorCode: 'CANCELLED' }),
    list('errorCode, rare', { errorCode: 'RARE' }),
    list('since, until', {
      since: new Date(Date.now() - 100 * 86_400_000),
      until: new Date(Date.now() - 99 * 86_400_000),
    }),
    list('status, since', { status: 'failed', since: new Date(Date.now() - 86_400_000) }),
    list('is stuck', { is: 'stuck' }),
    list('is stuck, of a workflow', { is: 'stuck', workflow: 'w20' }),
    list('is retrying', { is: 'retrying' }),
    list('is waiting', { is: 'waiting' }),
    list('is overdue', { is: 'overdue' }),
    counts('all', {}),
    counts('workflow', { workflow: 'w1' }),
    counts('status', { status: 'failed' }),
    view('select workflow, reason, count(*), min(since) from durachart.stuck group by 1, 2'),
    view('select * from durachart.failures order by instances desc, last_at desc limit 50'),
  ];
}

/** What people ask the views: those that sum up read all that they are about. @param id of an instance */
export function viewQueries(id: string): Query[] {
  return [
    view(`select * from durachart.status where id = '${id}'`),
    view(
      `select * from durachart.status where created_at > now() - interval '1 day' order by created_at desc limit 50`,
    ),
    view(
      `select * from durachart.status where status = 'failed' and created_at > now() - interval '30 days' order by created_at desc limit 50`,
    ),
    view(
      `select * from durachart.status where workflow = 'w3' and status = 'waiting' and state = 'S2' order by created_at desc limit 50`,
    ),
    view(`select * from durachart.status where tenant = 'tenant-7'`),
    view(`select * from durachart.status where error_code = 'RARE'`),
    view(`select step, error_code, count(*) from durachart.retrying group by 1, 2`),
    view(`select * from durachart.waiting where workflow = 'w3' and state = 'S2' order by created_at desc limit 50`),
    view(`select workflow, has_worker, count(*), max(late) from durachart.overdue group by 1, 2`),
    view(`select * from durachart.w3 where status = 'failed' order by created_at desc limit 50`),
    view(`select * from durachart.w3 where id = '${id}'`),
  ];
}

/** The statistics, of the last hour. */
export function statistics(): Query[] {
  return ['step_statistics', 'dwell_times', 'funnel', 'throughput'].map((name) =>
    view(`select * from durachart.${name}`, '1 hour'),
  );
}
