import { sumOf, type SnapshotDiff, type StoredSnapshot } from '../core/snapshot.ts';
import { WHOLE_EVERY } from '../engine/macrostep.ts';
import type { Row } from './rows.ts';

/** An expression for the transition, up to that one, that has the whole snapshot. */
const whole = (sequence: string): string => `greatest(1, ${sequence} / ${WHOLE_EVERY} * ${WHOLE_EVERY})`;

/** @param diff what is taken of a transition `t` */
const madeOf = (diff: string): string => `
  case when i.snapshot_behind then (select json_agg(${diff} order by t.sequence) from durachart.transitions t
    where t.instance_id = i.id and t.sequence between ${whole('i.sequence')} and i.sequence) end`;

/**
 * Where the row of an instance `i` is behind its history (docs/decisions/0031): what its snapshot is put together from by
 * {@link currentSnapshot}, its column `diffs`. Not for the statement that takes an instance: that one may have waited for
 * the last owner's commit, and would not see the rows of it.
 */
export const DIFFS = madeOf('t.diff');

/** The same without what the context came to. */
export const DIFFS_BUT_CONTEXT = madeOf(
  `json_strip_nulls(json_build_object('context', '{}'::json, ${[
    'status',
    'value',
    'regions',
    'children',
    'born',
    'gone',
    'historyValue',
  ]
    .map((field) => `'${field}', t.diff -> '${field}'`)
    .join(', ')}))`,
);

/** The snapshot of an instance, from its row with {@link DIFFS}. */
export function currentSnapshot({ snapshot, diffs }: Row): StoredSnapshot | null {
  return diffs == null ? (snapshot as StoredSnapshot | null) : sumOf(diffs as SnapshotDiff[]);
}
