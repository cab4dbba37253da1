import { z } from 'zod';

/** A field of an object, and the type of SQL that its values fit. */
export interface Field {
  name: string;
  type: 'text' | 'numeric' | 'boolean' | 'timestamptz' | 'json';
}

/** What is read of a JSON Schema. */
interface JsonSchema {
  type?: string | string[];
  format?: string;
  properties?: Record<string, JsonSchema>;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
}

const SCALARS: Readonly<Record<string, Field['type']>> = {
  string: 'text',
  number: 'numeric',
  integer: 'numeric',
  boolean: 'boolean',
};

/**
 * The fields of the objects that a schema lets through, those of all its alternatives together.
 * Empty where it is not about objects with known fields, or has no JSON Schema.
 */
export function fieldsOf(schema: z.ZodType | undefined): Field[] {
  const root = jsonSchemaOf(schema);
  const types = new Map<string, Set<Field['type']>>();
  for (const { properties = {} } of alternatives(root, root)) {
    for (const [name, property] of Object.entries(properties)) {
      const known = types.get(name) ?? new Set();
      types.set(name, known);
      for (const each of alternatives(property, root)) for (const type of typesOf(each)) known.add(type);
    }
  }
  return [...types].map(([name, all]) => {
    const [only, ...others] = all;
    return { name, type: only === undefined || others.length > 0 ? 'json' : only };
  });
}

function jsonSchemaOf(schema: z.ZodType | undefined): JsonSchema {
  if (schema === undefined) return {};
  try {
    return z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }) as JsonSchema;
  } catch {
    // Some schemas have no JSON Schema, which must not stop anybody.
    return {};
  }
}

/** What a schema is put together from, references followed. */
function alternatives(node: JsonSchema, root: JsonSchema, seen = new Set<JsonSchema>()): JsonSchema[] {
  if (seen.has(node)) return [];
  seen.add(node);
  const { anyOf = [], oneOf = [], allOf = [], $ref } = node;
  const inner = [...anyOf, ...oneOf, ...allOf];
  if ($ref !== undefined) inner.push($ref === '#' ? root : (root.$defs?.[$ref.slice('#/$defs/'.length)] as JsonSchema));
  return inner.length === 0 ? [node] : inner.flatMap((each) => alternatives(each, root, seen));
}

function typesOf({ type, format }: JsonSchema): Field['type'][] {
  if (type === undefined) return ['json'];
  const types = [type].flat().filter((each) => each !== 'null');
  return types.map((each) => (format === 'date-time' ? 'timestamptz' : (SCALARS[each] ?? 'json')));
}
