import { isDeepStrictEqual } from 'node:util';
import type postgres from 'postgres';
import type { Answer, Journal } from '../journal.ts';
import type { Check } from './check.ts';

/** Holds what clients were told against what is stored: what was told done is done, and what was told refused is not. */
export async function checkAnswers(sql: postgres.Sql, journal: Journal): Promise<Check[]> {
  const instances = await byKey(sql, sql`select id as key, workflow, input, output, status from durachart.instances`);
  const transitions = await byKey(
    sql,
    sql`select instance_id || ' ' || sequence as key, to_state from durachart.transitions`,
  );
  const events = await byKey(
    sql,
    sql`select instance_id || ' ' || dedupe_key as key, type, status from durachart.events where dedupe_key is not null and source = 'external'`,
  );
  const audit = await byKey(
    sql,
    sql`select target_id || ' ' || key as key, operation, status from durachart.audit where target = 'instance' and key is not null`,
  );
  // A rewind may lie in the inbox of one that ends before it comes to it: then it ends a second time.
  const rewound = await byKey(
    sql,
    sql`select distinct target_id as key from durachart.audit where target = 'instance' and operation = 'rewind' and status = 'applied' and before ->> 'status' = 'done'`,
  );

  const wrongOf = (answer: Answer): string | undefined => {
    const { id } = answer;
    switch (answer.what) {
      case 'start': {
        const row = instances.get(id);
        if (answer.code !== undefined) return row && `${id} was refused (${answer.code}), and is there`;
        if (row === undefined) return `${id} was told stored, and is lost`;
        return row['workflow'] === answer.workflow
          ? undefined
          : `${id} is of ${row['workflow']}, not ${answer.workflow}`;
      }
      case 'fork': {
        const isThere = instances.has(id);
        if (answer.code === undefined) return isThere ? undefined : `fork ${id} was told stored, and is lost`;
        return isThere ? `fork ${id} was refused (${answer.code}), and is there` : undefined;
      }
      case 'send': {
        const row = events.get(`${id} ${answer.key}`);
        if (answer.code !== undefined)
          return row && `${answer.type} for ${id} was refused (${answer.code}), and is in the inbox`;
        return row === undefined ? `${answer.type} for ${id} was told stored, and is lost` : undefined;
      }
      case 'operate': {
        const row = audit.get(`${id} ${answer.key}`);
        if (answer.code !== undefined)
          return (
            row && `${answer.operation} of ${id} was refused (${answer.code}), and is recorded as ${row['status']}`
          );
        if (row === undefined) return `${answer.operation} of ${id} was told stored, and is lost`;
        if (answer.status === 'requested' || answer.status === row['status']) return undefined;
        return `${answer.operation} of ${id} was told ${answer.status}, and is ${row['status']}`;
      }
      case 'stand': {
        const state = transitions.get(`${id} ${answer.sequence}`)?.['to_state'];
        if (answer.sequence === 0 || state === answer.state) return undefined;
        return `${id} was said to be in ${answer.state} at ${answer.sequence}; its history says ${state}`;
      }
      case 'result': {
        const row = instances.get(id);
        if (rewound.has(id)) return undefined;
        return row?.['status'] === 'done' && isDeepStrictEqual(row['output'], answer.output)
          ? undefined
          : `${id} was said to be done with ${JSON.stringify(answer.output)}; it is ${row?.['status']} with ${JSON.stringify(row?.['output'])}`;
      }
    }
  };
  const names: Record<Answer['what'], string> = {
    start: 'answers to starts are true',
    fork: 'answers to forks are true',
    send: 'answers to sends are true',
    operate: 'answers to operations are true',
    stand: 'answers to reads are true',
    result: 'results that were told stay',
  };
  const checks = Object.entries(names).map(([what, name]): Check => {
    const answers = journal.answers.filter((answer) => answer.what === what);
    return { name, looked: answers.length, breaches: answers.flatMap((answer) => wrongOf(answer) ?? []) };
  });
  return [
    ...checks,
    {
      name: 'every call is answered, and nobody is told of the past',
      looked: journal.answers.length,
      breaches: journal.wrong,
    },
  ];
}

/** Of what is put into words here, nothing but text. */
type Row = Record<string, unknown> & Partial<Record<'workflow' | 'status' | 'to_state', string>>;

async function byKey(_sql: postgres.Sql, query: postgres.PendingQuery<postgres.Row[]>): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>();
  for await (const page of query.cursor(2_000)) for (const row of page) rows.set(row['key'] as string, row);
  return rows;
}
