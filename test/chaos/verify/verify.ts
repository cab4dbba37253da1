import type { Workflow } from '../../../src/index.ts';
import type { Client } from '../client.ts';
import type { Journal } from '../journal.ts';
import type { Server } from '../server.ts';
import type { Blow } from '../storm.ts';
import type { Workers } from '../workers.ts';
import { checkAnswers } from './answers.ts';
import type { Check } from './check.ts';
import { checkEffects, readLedger } from './effects.ts';
import { checkHistories } from './histories.ts';
import { checkRows } from './rows.ts';
import { stuckInstances, unended } from './settled.ts';

/** Those that end the rest. */
const CLIENTS = 16;

interface Parts {
  server: Server;
  journal: Journal;
  client: Client;
  ledger: string;
  workers: Workers;
  workflows: ReadonlyMap<string, Workflow>;
  blows: readonly Blow[];
  /** Milliseconds that things may take to go on once it is calm. */
  patience: number;
  say: (line: string) => void;
}

/** Looks at everything once it is calm, and ends what is left. */
export async function verify(parts: Parts): Promise<{ checks: Check[]; work: Record<string, number> }> {
  const { server, journal, client, ledger, workers, workflows, blows, patience, say } = parts;
  const { sql } = server;
  const calm = Date.now();
  const stuck = await server.patiently(() => stuckInstances(sql, patience));
  say(`${stuck.length} stuck after ${((Date.now() - calm) / 1_000).toFixed(1)} s; what still waits is cancelled now`);

  const left = await sql<{ id: string }[]>`
    select id from durachart.instances where status not in ('done', 'cancelled') and parent_id is null`;
  const queue = left.map(({ id }) => id);
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) await client.end(id, 'the end');
    }),
  );
  const endless = await unended(sql, patience);
  const [all] = await sql`select count(*)::int as instances,
    count(*) filter (where status = 'done')::int as done, (select count(*)::int from durachart.transitions) as transitions,
    (select count(*)::int from durachart.events where source = 'external') as events, (select count(*)::int from durachart.audit) as operations,
    (select coalesce(sum(lost), 0)::int from durachart.steps) as lost
    from durachart.instances`;
  say(`${left.length} cancelled, ${endless.length} of them do not end; now the checks`);

  const transactional = new Set(
    [...workflows.values()].flatMap((workflow) =>
      [...workflow.steps].flatMap(([name, step]) => (step.transactional ? [`${workflow.name}:${name}`] : [])),
    ),
  );
  const begun = readLedger(ledger);
  const { checks: effects, repeated } = await checkEffects(sql, begun, transactional, [
    ...blows.map(({ at }) => at),
    ...workers.burials,
  ]);
  const answers = await checkAnswers(sql, journal);
  const instances = Number(all?.['instances']);
  return {
    work: {
      instances,
      'of them done by themselves': Number(all?.['done']),
      transitions: Number(all?.['transitions']),
      'steps begun': [...begun.values()].reduce((sum, { length }) => sum + length, 0),
      'of them again': repeated,
      'attempts lost': Number(all?.['lost']),
      events: Number(all?.['events']),
      operations: Number(all?.['operations']),
    },
    checks: [
      { name: `nothing stuck for ${patience / 1_000} s`, looked: instances, breaches: stuck },
      { name: 'what is cancelled ends', looked: left.length, breaches: endless },
      ...(await checkRows(sql)),
      await checkHistories(sql, workflows),
      ...effects,
      ...answers,
      { name: 'no worker ends by itself', looked: blows.length, breaches: workers.crashes },
    ],
  };
}
