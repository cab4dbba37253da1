import { fieldsOf, type Field } from '../core/fields.ts';
import type { Marks } from '../core/secrets.ts';
import type { Workflow } from '../core/workflow.ts';
import { marksAny, marksOf } from '../engine/secrets/workflow-marks.ts';

/** A column of a typed view. */
interface Column {
  name: string;
  expression: string;
}

/** Longest name in Postgres, in bytes. */
const LONGEST = 63;

/** Columns that every typed view has, before those of its schemas. */
const COMMON: readonly Column[] = [
  ...['id', 'version', 'status', 'state', 'error_code', 'tags', 'tenant', 'parent_id', 'created_at'].map((name) => ({
    name,
    expression: `i.${name}`,
  })),
  { name: 'since', expression: 'i.updated_at' },
  { name: 'finished_at', expression: 'i.finished_at' },
];

const READ: Readonly<Record<Field['type'], (value: string) => string>> = {
  text: (value) => `durachart.text_of(${value})`,
  numeric: (value) => `durachart.number_of(${value})`,
  boolean: (value) => `durachart.boolean_of(${value})`,
  timestamptz: (value) => `durachart.time_of(${value})`,
  json: (value) => value,
};

/** The name of a workflow's typed view: `video_processing` for `video-processing`. */
export function viewName(workflow: string): string {
  return workflow.toLowerCase().replaceAll('-', '_').slice(0, LONGEST);
}

/**
 * The query behind a workflow's typed view: one row an instance; fields of input, context and output as columns. Those in
 * which anything is secret are left out, and where anything is, so is what no schema is for.
 */
export function typedView(workflow: Workflow): string {
  const marks = marksOf(workflow);
  const part = (name: 'input' | 'context' | 'output', source: string): Column[] =>
    columnsOf(name, source, fieldsOf(workflow[name]), marks[name], marksAny(marks));
  const columns = [
    ...COMMON,
    ...part('input', 'i.input'),
    ...part('context', 'i.context'),
    ...part('output', 'i.output'),
  ];
  const taken = new Set<string>();
  const list = columns.map(({ name, expression }) => {
    const free = freeName(name, taken);
    taken.add(free);
    return `${expression} as ${identifier(free)}`;
  });
  return `select ${list.join(',\n  ')}\nfrom durachart.standing i where i.workflow = ${literal(workflow.name)}`;
}

/** Without known fields it is one column. */
function columnsOf(
  prefix: string,
  source: string,
  fields: readonly Field[],
  marks: Marks | undefined,
  hasSecrets: boolean,
): Column[] {
  if (fields.length === 0) return hasSecrets ? [] : [{ name: prefix, expression: source }];
  const askable = fields.filter(
    ({ name }) =>
      name.isWellFormed() && !name.includes('\0') && marks?.isSecret !== true && !(marks?.at(name).hasAny() ?? false),
  );
  return askable.map(({ name, type }) => ({
    name: `${prefix}_${snakeCase(name)}`,
    expression: READ[type](`${source} -> ${literal(name)}`),
  }));
}

/** `workspaceId` is `workspace_id`. */
function snakeCase(name: string): string {
  return name
    .replaceAll(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1_$2')
    .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
    .toLowerCase();
}

/** Two fields may come to the same name, and a long one is cut: a number tells them apart. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let n = 1; ; n++) {
    const suffix = n === 1 ? '' : `_${n}`;
    const free = `${cut(name, LONGEST - suffix.length)}${suffix}`;
    if (!taken.has(free)) return free;
  }
}

/** The longest beginning that has so many bytes, whole characters only. */
function cut(name: string, bytes: number): string {
  let end = name.length;
  while (Buffer.byteLength(name.slice(0, end)) > bytes) end--;
  return name.slice(0, end).toWellFormed();
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}
