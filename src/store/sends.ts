import type postgres from 'postgres';
import type { NewEvent, Posted, SendFacts, SendStore, SentRecord } from '../engine/sending/send-store.ts';
import { currentSnapshot, DIFFS } from './current-snapshot.ts';
import { inLockOrder } from './lock-order.ts';
import { notifyWork } from './notify.ts';
import { correlation, millis, orNull, parentOf, type Row } from './rows.ts';

type WaitingRow = Omit<SendFacts['inbox'][number], 'correlation'> & { correlation: string | null };

/** Whether what an instance is sent may change the keys under which published events reach it. */
export const unsettles = (id: string): string =>
  `case when exists (select from durachart.subscriptions u where u.instance_id = ${id} and not u.fixed) then true end`;

/** $1 the instances, $2 and $3 pairs of an instance and a key, $4 how much of an inbox is read. */
const FACTS = `
  with known as materialized (
    select e.instance_id, json_agg(json_build_array(e.dedupe_key, e.id)) as keys
    from unnest($2::text[], $3::text[]) as k(id, key) join durachart.events e on e.instance_id = k.id and e.dedupe_key = k.key group by 1
  )
  select i.id, i.workflow, i.status, i.state, i.sequence, i.snapshot, i.snapshot_at, ${DIFFS} as diffs, i.wake, i.parent_id, i.parent_key, known.keys,
    json_array_length(i.live) > 0 and exists (
      select from json_array_elements_text(i.live) l join durachart.steps s on s.instance_id = i.id and s.key = l where s.kind <> 'action' or s.status <> 'failed') as busy,
    (select min(d.due_at) from durachart.timers d where d.instance_id = i.id) as next_timer,
    (select json_agg(x) from (select type, payload, source, fence, correlation from durachart.events e
      where e.instance_id = i.id and e.status = 'pending' order by e.id limit $4) x) as inbox
  from durachart.instances i left join known on known.instance_id = i.id where i.id = any($1)`;

/**
 * $1 the events, $2 what they carry: a line of JSON for each, or an empty one, so that it is stored as it is. Their instances are locked first, so that \`wake\` is compared with what it is when the events are put there.
 * Ids are given in the order of the events.
 */
const POST = `
  with x as materialized (
    select n, "instanceId", type, nullif(payload, '')::json as payload, source, "dedupeKey", at, wake, receives from rows from (
      json_to_recordset($1::text::json) as (n int, "instanceId" text, type text, source text, "dedupeKey" text, at float8, wake int, receives boolean),
      unnest(string_to_array($2::text, e'\\n'))
    ) as t(n, "instanceId", type, source, "dedupeKey", at, wake, receives, payload)
  ), lk as materialized (
    ${inLockOrder('select x."instanceId" from x', ', l.wake')}
  ), m as materialized (
    select s.*, nextval('durachart.events_id_seq') as id from (
      select x.* from x join lk on lk.id = x."instanceId" where x.wake is null or x.wake = lk.wake order by x.n) s
  ), e as (
    insert into durachart.events (id, instance_id, type, payload, source, dedupe_key, created_at, unsettles)
    select m.id, m."instanceId", m.type, m.payload, m.source, m."dedupeKey", to_timestamp(m.at / 1000),
      case when m.receives then ${unsettles('m."instanceId"')} end from m order by m.n
    on conflict (instance_id, dedupe_key) where dedupe_key is not null do nothing returning id
  ), woken as materialized (
    select m."instanceId" as id, min(m.at) as at, min(m.at) filter (where m.source = 'control') as ordered from m join e on e.id = m.id group by 1
  ), w as (
    update durachart.instances u set wake = u.wake + 1,
      wake_at = case when u.lease is null and (u.status <> 'scheduled' or woken.ordered is not null)
        then least(u.wake_at, to_timestamp(woken.at / 1000)) else u.wake_at end
    from woken where u.id = woken.id
  ), told as materialized (
    ${notifyWork('woken')}
  )
  select x.n, lk.id is not null as found, m.id as id, e.id is not null as stored, (select count(*) from told) as told
  from x left join lk on lk.id = x."instanceId" left join m on m.n = x.n left join e on e.id = m.id order by x.n`;

const SENT = `
  select e.id, e.status, case when e.status = 'taken' then t.to_state else i.state end as state,
    case when e.status = 'taken' then e.sequence else i.sequence end as sequence
  from durachart.events e join durachart.instances i on i.id = e.instance_id
  left join durachart.transitions t on t.instance_id = e.instance_id and t.sequence = e.sequence
  where e.id = any($1::bigint[])`;

/** Sending on a Postgres. */
export function createSendStore(pool: postgres.Sql): SendStore {
  return {
    sendFacts: async (asked, inboxes) => {
      const keyed = asked.filter(({ key }) => key !== null);
      const rows = await pool.unsafe<Row[]>(
        FACTS,
        [
          [...new Set(asked.map(({ id }) => id))],
          keyed.map(({ id }) => id),
          keyed.map(({ key }) => key as string),
          inboxes,
        ],
        { prepare: true },
      );
      return rows.map(facts);
    },
    post: async (events) => {
      if (events.length === 0) return [];
      const payloads = events.map(({ payload }) => (payload === null ? '' : JSON.stringify(payload)));
      const parameters = [JSON.stringify(events.map(numbered)), payloads.join('\n')];
      const rows = await pool.unsafe<Row[]>(POST, parameters, { prepare: true });
      return rows.map(posted);
    },
    sentEvents: async (ids) => (await pool.unsafe<Row[]>(SENT, [ids.map(String)], { prepare: true })).map(sent),
  };
}

/** What is null is left out of the JSON: a recordset gives null for it. */
function numbered({ payload: _, dedupeKey, wake, ...event }: NewEvent, n: number): object {
  return {
    n,
    ...event,
    ...(dedupeKey === null ? {} : { dedupeKey }),
    ...(wake === null ? {} : { wake }),
  };
}

function facts(row: Row): SendFacts {
  return {
    id: row['id'] as string,
    parent: parentOf(row),
    workflow: row['workflow'] as string,
    status: row['status'] as SendFacts['status'],
    state: row['state'] as string,
    snapshot: currentSnapshot(row),
    wake: row['wake'] as number,
    inbox: ((row['inbox'] ?? []) as WaitingRow[]).map(({ correlation: text, ...event }) => ({
      ...event,
      ...correlation(text),
    })),
    busy: row['busy'] as boolean,
    nextTimer: orNull(row['next_timer'], millis),
    keys: new Map((row['keys'] ?? []) as [string, number][]),
  };
}

function posted(row: Row): Posted {
  if (row['found'] !== true) return { outcome: 'no instance' };
  if (row['id'] === null) return { outcome: 'moved' };
  return row['stored'] === true ? { outcome: 'posted', id: Number(row['id']) } : { outcome: 'duplicate' };
}

function sent(row: Row): SentRecord {
  return {
    id: Number(row['id']),
    outcome: row['status'] as SentRecord['outcome'],
    state: row['state'] as string,
    sequence: row['sequence'] as number,
  };
}
