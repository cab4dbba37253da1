/**
 * A query for instances whose rows it locks, lowest id first. A statement that changes several instances begins with it, or
 * passes over rows that are locked: two that locked the same ones in different orders would wait for each other, until
 * Postgres ends one of them after a second.
 * @param ids a query for ids
 */
export const inLockOrder = (ids: string): string =>
  `select l.id from durachart.instances l where l.id in (${ids}) order by l.id for no key update of l`;
