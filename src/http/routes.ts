import { z } from '@hono/zod-openapi';
import { Problem } from './schemas.ts';

/** Pieces that the routes of several resources are made of. */

export const InstanceId = z.object({
  id: z.string().openapi({ param: { name: 'id', in: 'path' }, example: '01k8na7vkq8zv8ybjswpxcmdy1' }),
});

export const WorkflowName = z.object({
  name: z.string().openapi({ param: { name: 'name', in: 'path' }, example: 'video-processing' }),
});

/** Text in a query: what Postgres can store. */
export function text(): z.ZodOptional<z.ZodString> {
  return z
    .string()
    .max(1_000)
    .refine((value) => value.isWellFormed() && !value.includes('\0'), 'text that cannot be stored')
    .optional();
}

/** Any printable ASCII: what a header can carry. */
export const IdempotencyKey = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[!-~][ -~]{0,254}$/, '1 to 255 printable ASCII characters')
    .optional()
    .openapi({ description: 'Repeating a request with the same key does nothing twice.' }),
});

/** A number in a query. */
export function integer(min: number, max: number): z.ZodType<number | undefined, string | undefined> {
  return z
    .string()
    .regex(/^\d{1,15}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .optional()
    .openapi({ type: 'integer', minimum: min, maximum: max }) as z.ZodType<number | undefined, string | undefined>;
}

/** A time in a query. */
export function time(): z.ZodType<Date | undefined, string | undefined> {
  return z.iso
    .datetime({ offset: true })
    .transform((value) => new Date(value))
    .optional()
    .openapi({ type: 'string', format: 'date-time' }) as z.ZodType<Date | undefined, string | undefined>;
}

/** `content` of a JSON body. */
export function json<S extends z.ZodType>(schema: S): { 'application/json': { schema: S } } {
  return { 'application/json': { schema } };
}

/** A JSON response. */
export function answer<S extends z.ZodType>(
  description: string,
  schema: S,
): { description: string; content: { 'application/json': { schema: S } } } {
  return { description, content: json(schema) };
}

/** Schema of a page of items. */
export function page<S extends z.ZodType>(
  item: S,
): z.ZodObject<{ items: z.ZodArray<S>; next: z.ZodNullable<z.ZodString> }> {
  return z.object({
    items: z.array(item),
    next: z.string().nullable().openapi({ description: '`cursor` of the next page; null on the last.' }),
  });
}

const PROBLEM = { 'application/problem+json': { schema: Problem } };

const WORDS: Readonly<Record<number, string>> = {
  400: 'Malformed JSON',
  404: 'Not found',
  408: 'Not over within the timeout',
  409: 'In conflict with what is there',
  413: 'Too large',
  415: 'Wrong content type',
  416: 'Range not satisfiable',
  426: 'No WebSocket',
  422: 'Wrong fields; `errors` lists them',
  503: 'The database does not answer, or the server is stopping',
};

/** Problems that a route may answer with, besides those that every route has: 401, 403, 500, 503. */
export function problems<S extends number>(...statuses: S[]): { [status in S | 'default']: { description: string } } {
  const each = (status: number): [number, object] => [
    status,
    { description: WORDS[status] ?? 'Problem', content: PROBLEM },
  ];
  return {
    ...Object.fromEntries(statuses.map(each)),
    default: { description: 'Any other problem', content: PROBLEM },
  } as { [status in S | 'default']: { description: string } };
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** An object without what is undefined. */
export function given<T extends object>(options: T): Given<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>;
}
