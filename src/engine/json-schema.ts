import { z } from 'zod';

/** What a schema takes, as JSON Schema; null for no schema: anything goes. */
export function jsonSchema(schema: z.ZodType | undefined): Record<string, unknown> | null {
  if (schema === undefined) return null;
  try {
    return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
  } catch {
    // Some schemas have no JSON Schema, which must not hide what they belong to.
    return {};
  }
}
