/** An input to begin with: the schema's own example, else something of each required field's type. */
export function exampleOf(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const { examples, default: preset, const: only, enum: choices, type, properties, required } = schema as JsonSchema;
  if (Array.isArray(examples) && examples.length > 0) return examples[0];
  if (preset !== undefined) return preset;
  if (only !== undefined) return only;
  if (Array.isArray(choices)) return choices[0];
  if (type === 'object' || properties !== undefined) {
    return Object.fromEntries(
      Object.entries(properties ?? {}).flatMap(([key, each]) =>
        required?.includes(key) === true ? [[key, exampleOf(each) ?? EMPTY[typeOf(each)] ?? null]] : [],
      ),
    );
  }
  return undefined;
}

interface JsonSchema {
  examples?: unknown[];
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  type?: string;
  properties?: Record<string, unknown>;
  required?: string[];
}

const EMPTY: Readonly<Record<string, unknown>> = { string: '', number: 0, integer: 0, boolean: false, array: [] };

function typeOf(schema: unknown): string {
  return String((schema as JsonSchema | undefined)?.type);
}
