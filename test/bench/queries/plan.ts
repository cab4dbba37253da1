import type postgres from 'postgres';

/** Tables that no query may read from one end to the other. */
const BIG = new Set(['instances', 'transitions', 'steps', 'events', 'timers', 'tags']);

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  Plans?: PlanNode[];
}

/** What the planner means to do. */
export interface Plan {
  indexes: string[];
  /** Big tables that are read whole. */
  whole: string[];
}

/** Asks for the plan of a statement with its values. */
export async function planOf(sql: postgres.Sql, text: string, values: readonly unknown[]): Promise<Plan> {
  const [row] = await sql.unsafe<[{ 'QUERY PLAN': [{ Plan: PlanNode }] }]>(
    `explain (format json) ${text}`,
    values as never[],
  );
  const nodes = flat(row['QUERY PLAN'][0].Plan);
  const sorted = (names: (string | undefined)[]): string[] =>
    [...new Set(names.filter((name) => name !== undefined))].toSorted();
  return {
    indexes: sorted(nodes.map((node) => node['Index Name'])),
    whole: sorted(
      nodes
        .filter((node) => node['Node Type'] === 'Seq Scan' && BIG.has(node['Relation Name'] ?? ''))
        .map((node) => node['Relation Name']),
    ),
  };
}

function flat(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flat)];
}
