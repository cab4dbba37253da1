import { z } from 'zod';

interface Schema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  prefixItems?: Schema[];
  items?: Schema;
  minItems?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minLength?: number;
  format?: string;
  pattern?: string;
  $ref?: string;
  $defs?: Record<string, Schema>;
}

/** Of strings that a pattern or a refinement asks for, these are the ones that pipelines ask for most. */
const TEXTS = [
  'a',
  'text of some words',
  'a.mp4',
  'file.csv',
  'https://example.com/a',
  'ada@example.com',
  '2026-03-01',
];
const FORMATS: Record<string, string> = {
  'date-time': '2026-03-01T00:00:00.000Z',
  date: '2026-03-01',
  time: '00:00:00',
  email: 'ada@example.com',
  uri: 'https://example.com/a',
  uuid: '0b6a7c2e-5f0e-4a53-8a7e-3f1a2b3c4d5e',
};
const DEPTH = 6;
/** How often another one is made where a schema refuses what its form allows. */
const TRIES = 40;

const forms = new WeakMap<z.ZodType, Schema>();

/** A value that a schema takes, the same for the same numbers; undefined where none was found. */
export function sample(schema: z.ZodType, random: () => number): { value: unknown } | undefined {
  let form = forms.get(schema);
  if (form === undefined) {
    form = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as Schema;
    forms.set(schema, form);
  }
  for (let tries = 0; tries < TRIES; tries++) {
    const value = valueOf(form, form, random, DEPTH);
    if (schema.safeParse(value).success) return { value };
  }
  return undefined;
}

function valueOf(schema: Schema, root: Schema, random: () => number, depth: number): unknown {
  const choose = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  if (schema.$ref !== undefined) return valueOf(resolved(schema.$ref, root), root, random, depth - 1);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return choose(schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return depth > 0 ? valueOf(choose(choices), root, random, depth - 1) : null;
  if (schema.allOf !== undefined) {
    const parts = schema.allOf.map((part) => valueOf(part, root, random, depth - 1));
    return parts.every((part) => typeof part === 'object') ? Object.assign({}, ...parts) : parts[0];
  }
  switch (schema.type) {
    case 'object': {
      const { properties = {}, required = [] } = schema;
      const names = Object.keys(properties).filter((name) => required.includes(name) || (depth > 0 && random() < 0.5));
      return Object.fromEntries(names.map((name) => [name, valueOf(properties[name] ?? {}, root, random, depth - 1)]));
    }
    case 'array': {
      if (schema.prefixItems !== undefined)
        return schema.prefixItems.map((item) => valueOf(item, root, random, depth - 1));
      const length = Math.max(schema.minItems ?? 0, depth > 0 ? Math.floor(random() * 3) : 0);
      return Array.from({ length }, () => valueOf(schema.items ?? {}, root, random, depth - 1));
    }
    case 'string':
      return (FORMATS[schema.format ?? ''] ?? choose(TEXTS)).padEnd(schema.minLength ?? 0, 'x');
    case 'integer':
      return number(schema, 1, random);
    case 'number':
      return number(schema, 0.25, random);
    case 'boolean':
      return random() < 0.5;
    default:
      return null;
  }
}

function number(schema: Schema, grain: number, random: () => number): number {
  const step = schema.multipleOf ?? grain;
  const low = schema.minimum ?? (schema.exclusiveMinimum === undefined ? 0 : schema.exclusiveMinimum + step);
  const high = schema.maximum ?? (schema.exclusiveMaximum === undefined ? low + 10 : schema.exclusiveMaximum - step);
  const least = Math.max(low, Math.min(0, high));
  return Math.min(high, least + Math.floor((random() * (Math.min(high, least + 10) - least)) / step) * step);
}

function resolved(reference: string, root: Schema): Schema {
  if (reference === '#') return root;
  return root.$defs?.[reference.replace('#/$defs/', '')] ?? {};
}
