import { z } from 'zod';

/** What stands in place of a secret. */
export const MASK = '[secret]';

/** What is read of a JSON Schema. `secret` is what `.meta({ secret: true })` of zod becomes. */
interface JsonSchema {
  secret?: unknown;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema | boolean;
  prefixItems?: JsonSchema[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
}

/** A place in a schema, and the schema that its references lead into. */
interface Place {
  node: JsonSchema;
  root: JsonSchema;
}

/**
 * Which fields of a value are secret, by its schema: `z.string().meta({ secret: true })`, at any depth. What one alternative
 * of a union marks is masked in all of them.
 */
export class Marks {
  /** Of what nobody knows the schema of: all of it is secret. */
  static readonly ALL = new Marks([{ node: { secret: true }, root: {} }]);

  private readonly places: readonly Place[];

  private constructor(places: readonly Place[]) {
    this.places = places.flatMap((place) => [...alternatives(place)]);
  }

  /** Undefined where nothing is marked. A schema that cannot be looked into is taken to be all secret. */
  static of(schema: z.ZodType | undefined): Marks | undefined {
    if (schema === undefined) return undefined;
    try {
      const roots = (['input', 'output'] as const).map(
        (io) => z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema,
      );
      const marks = new Marks(roots.map((root) => ({ node: root, root })));
      return marks.hasAny() ? marks : undefined;
    } catch {
      return Marks.ALL;
    }
  }

  /** Whether the schema says nothing of such a place. */
  get isEmpty(): boolean {
    return this.places.length === 0;
  }

  /** Whether the value itself is secret, as a whole. */
  get isSecret(): boolean {
    return this.places.some(({ node }) => node.secret === true);
  }

  /** Whether anything in it may be secret. */
  hasAny(seen = new Set<JsonSchema>()): boolean {
    return this.places.some(({ node, root }) => {
      if (node.secret === true) return true;
      if (seen.has(node)) return false;
      seen.add(node);
      return inside(node).some((each) => new Marks([{ node: each, root }]).hasAny(seen));
    });
  }

  /** What is secret in one field of it, or one item. */
  at(key: string | number): Marks {
    return new Marks(
      this.places.flatMap(({ node, root }) => {
        const found = typeof key === 'number' ? itemOf(node, key) : fieldOf(node, key);
        return typeof found === 'object' ? [{ node: found, root }] : [];
      }),
    );
  }

  /** The value without its secrets. Null stays null. @param found called with each secret */
  mask(value: unknown, found: (secret: unknown) => void = () => {}): unknown {
    if (value === null || value === undefined) return value;
    if (this.isSecret) {
      found(value);
      return MASK;
    }
    if (Array.isArray(value)) return value.map((item, index) => this.at(index).mask(item, found));
    if (typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.at(key).mask(item, found)]));
  }
}

/** The place, and what it is put together from, references followed. */
function* alternatives({ node, root }: Place, seen = new Set<JsonSchema>()): Generator<Place> {
  if (seen.has(node)) return;
  seen.add(node);
  yield { node, root };
  const { anyOf = [], oneOf = [], allOf = [], $ref } = node;
  const target = $ref === '#' ? root : root.$defs?.[$ref?.slice('#/$defs/'.length) ?? ''];
  for (const each of [...anyOf, ...oneOf, ...allOf, ...($ref === undefined || target === undefined ? [] : [target])])
    yield* alternatives({ node: each, root }, seen);
}

function inside({ properties = {}, additionalProperties, items, prefixItems = [] }: JsonSchema): JsonSchema[] {
  return [...Object.values(properties), additionalProperties, items, ...prefixItems].filter(
    (each) => typeof each === 'object',
  );
}

function fieldOf({ properties = {}, additionalProperties }: JsonSchema, key: string): JsonSchema | boolean | undefined {
  return Object.hasOwn(properties, key) ? properties[key] : additionalProperties;
}

function itemOf({ prefixItems = [], items }: JsonSchema, index: number): JsonSchema | boolean | undefined {
  return prefixItems[index] ?? items;
}

/** A shorter one is masked where the schema marks it, or where it stands alone; in running text it would hide too much. */
const SHORTEST_IN_TEXT = 6;
/** Of a secret of several lines, as a key is, each line that is no shorter is one, too. */
const SHORTEST_LINE = 16;

/** Secrets that are known, to be found wherever else they have got to: a log line, an error's message, another field. */
export class KnownSecrets {
  private readonly whole = new Set<string>();
  private readonly parts = new Set<string>();

  /** @param secret a value that a schema marks: its texts, at any depth */
  add(secret: unknown): void {
    if (typeof secret === 'object' && secret !== null) {
      for (const each of Object.values(secret)) this.add(each);
    } else if (typeof secret === 'string' || typeof secret === 'number') this.addText(String(secret));
  }

  addAll(others: KnownSecrets): void {
    for (const each of others.whole) this.whole.add(each);
    for (const each of others.parts) this.parts.add(each);
  }

  private addText(text: string): void {
    if (text === '' || text === MASK) return;
    this.whole.add(text);
    if (text.length < SHORTEST_IN_TEXT) return;
    const lines = text.split(/\r?\n/).filter((line) => line.length >= SHORTEST_LINE);
    for (const form of [text, ...lines].flatMap(formsOf)) this.parts.add(form);
  }

  /** A text without them. */
  text(text: string): string {
    // The longest first: one may hold another.
    return [...this.parts]
      .sort((a, b) => b.length - a.length)
      .reduce((before, part) => before.replaceAll(part, MASK), text);
  }

  /** A value without them, at any depth; names of fields too. What is no plain JSON is left as it is. */
  mask<T>(value: T): T {
    return (this.whole.size === 0 ? value : this.masked(value)) as T;
  }

  private masked(value: unknown): unknown {
    if (typeof value === 'string') return this.whole.has(value) ? MASK : this.text(value);
    if (typeof value === 'number') return this.parts.has(String(value)) ? MASK : value;
    if (Array.isArray(value)) return value.map((item) => this.masked(item));
    if (typeof value !== 'object' || value === null || value instanceof Date) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.masked(item)]));
  }
}

/** As it stands in JSON, in an address, and in a line for a shell. */
function formsOf(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const plain = [text, json, encodeURIComponent(text.toWellFormed())];
  return [...plain, ...plain.map((each) => each.replaceAll("'", `'\\''`))];
}
