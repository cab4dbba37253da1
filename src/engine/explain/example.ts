interface Schema {
  type?: unknown;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  minimum?: number;
  minItems?: number;
  items?: Schema;
}

/** Schemas that name themselves would go on for ever. */
const DEPTH = 5;

/** A value of the form that a JSON Schema asks for, to be filled in: what must be there, and nothing else. */
export function example(schema: Record<string, unknown>): unknown {
  return valueOf(schema as Schema, DEPTH);
}

function valueOf(schema: Schema, depth: number): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum !== undefined) return schema.enum[0];
  const [choice] = schema.anyOf ?? schema.oneOf ?? [];
  if (choice !== undefined) return depth > 0 ? valueOf(choice, depth - 1) : null;
  switch (schema.type) {
    case 'object': {
      const { properties = {}, required = [] } = schema;
      if (depth === 0) return {};
      return Object.fromEntries(required.map((name) => [name, valueOf(properties[name] ?? {}, depth - 1)]));
    }
    case 'string':
      return '…';
    case 'integer':
    case 'number':
      return Math.max(0, schema.minimum ?? 0);
    case 'boolean':
      return true;
    case 'array':
      return (schema.minItems ?? 0) > 0 && depth > 0 ? [valueOf(schema.items ?? {}, depth - 1)] : [];
    default:
      return null;
  }
}
