/** What is read of a JSON Schema. */
interface Schema {
  [keyword: string]: unknown;
}

/** The schema as the form wants it: without its dialect, and each of several ways with a title that tells it from the others. */
export function titled(schema: Schema): Schema {
  const { $schema: _dialect, ...rest } = schema;
  return Object.fromEntries(Object.entries(rest).map(([keyword, value]) => [keyword, inner(keyword, value)]));
}

function inner(keyword: string, value: unknown): unknown {
  if ((keyword === 'anyOf' || keyword === 'oneOf') && Array.isArray(value))
    return value.map((way: Schema) => named(titled(way)));
  if (keyword === 'allOf' && Array.isArray(value)) return value.map((each: Schema) => titled(each));
  if (keyword === 'properties' || keyword === '$defs')
    return Object.fromEntries(
      Object.entries(value as Record<string, Schema>).map(([name, each]) => [name, titled(each)]),
    );
  return (keyword === 'items' || keyword === 'additionalProperties') && isSchema(value) ? titled(value) : value;
}

function named(way: Schema): Schema {
  return way['title'] === undefined ? { ...way, title: titleOf(way) } : way;
}

function titleOf(way: Schema): string {
  if ('const' in way) return JSON.stringify(way['const']);
  if (isSchema(way['properties'])) return Object.keys(way['properties']).join(', ');
  return typeof way['type'] === 'string' ? way['type'] : 'another';
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
