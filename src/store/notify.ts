/** Ids in one notification: of the longest ones that are usual, so many fit. */
const AT_ONCE = 35;
/** Bytes of one notification; `*` says that it could be any instance. */
const LONGEST = 7_900;

/** A query that notifies workers of these instances, in as many notifications as it takes. @param ids a table with a column `id` */
export const notifyWork = (ids: string): string => `
  select pg_notify('durachart_work', case when octet_length(c.ids) < ${LONGEST} then c.ids else '*' end) from (
    select string_agg(t.id, ',') as ids from (select id, (row_number() over () - 1) / ${AT_ONCE} as chunk from ${ids}) t group by t.chunk) c`;
