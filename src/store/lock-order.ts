/**
 * A query for instances whose rows it locks, lowest id first. A statement that changes several instances begins with it, or
 * passes over rows that are locked: two that locked the same ones in different orders would wait for each other, until
 * Postgres ends one of them after a second.
 * @param ids a query for ids
 * @param columns what else is read of the rows `l`, as it is once they are locked
 */
export const inLockOrder = (ids: string, columns = ''): string =>
  `select l.id${columns} from durachart.instances l where l.id in (${ids}) order by l.id for no key update of l`;
