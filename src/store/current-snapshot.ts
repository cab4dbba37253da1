import { applyDiff, sumOf, type SnapshotDiff, type StoredSnapshot } from '../core/snapshot.ts';
import { lastWhole, WHOLE_EVERY } from '../engine/macrostep.ts';
import type { Row } from './rows.ts';

/** Of the transitions `t` that the row of an instance `i` is behind, those from the last one on that has the whole snapshot. */
const BEHIND = `t.instance_id = i.id and t.sequence <= i.sequence
  and t.sequence >= greatest(i.snapshot_at + 1, 1, i.sequence / ${WHOLE_EVERY} * ${WHOLE_EVERY})`;

/** @param diff what is taken of a transition `t` */
const madeOf = (diff: string): string =>
  `case when i.snapshot_at is not null then (select json_agg(${diff} order by t.sequence) from durachart.transitions t where ${BEHIND}) end`;

/**
 * Where the row of an instance `i` is behind its history (docs/decisions/0031): what {@link currentSnapshot} needs besides
 * `sequence`, `snapshot` and `snapshot_at`, as the column `diffs`. Not for the statement that takes an instance: that one may
 * have waited for the last owner's commit, and would not see the rows of it.
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
export function currentSnapshot({ sequence, snapshot, snapshot_at: at, diffs }: Row): StoredSnapshot | null {
  const behind = (diffs ?? []) as SnapshotDiff[];
  if (behind.length === 0) return snapshot as StoredSnapshot | null;
  if ((at as number) < lastWhole(sequence as number)) return sumOf(behind);
  return behind.reduce(applyDiff, snapshot as StoredSnapshot);
}
