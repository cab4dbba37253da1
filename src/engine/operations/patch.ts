import { randomUUID } from 'node:crypto';
import { applyPatch, Pointer, type Operation as PatchOperation } from 'rfc6902';
import { z } from 'zod';
import { DurachartError } from '../../core/error.ts';
import { assertJson, storable } from '../../core/json.ts';
import { isReference, type PayloadReference } from '../../core/payload.ts';
import { decoded } from '../../core/undefined.ts';
import type { Workflow } from '../../core/workflow.ts';
import { parse } from '../checks.ts';
import { WHOLE_CONTEXT_LIMIT } from '../payloads/context.ts';
import { sizeInWords } from '../payloads/size.ts';

/** Operations in one patch. */
const MOST = 1_000;

const pointer = z
  .string()
  .max(10_000)
  .regex(/^(\/([^~/]|~[01])*)*$/, 'must be a JSON Pointer like /items/0/name, or empty for the whole');
const valued = (op: 'add' | 'replace' | 'test') =>
  z.strictObject({ op: z.literal(op), path: pointer, value: z.unknown() });
const moved = (op: 'move' | 'copy') => z.strictObject({ op: z.literal(op), path: pointer, from: pointer });

/** A JSON Patch (RFC 6902). */
const patchSchema = z
  .array(
    z.discriminatedUnion('op', [
      valued('add'),
      valued('replace'),
      valued('test'),
      moved('move'),
      moved('copy'),
      z.strictObject({ op: z.literal('remove'), path: pointer }),
    ]),
  )
  .max(MOST);

/** Whether something is a JSON Patch at all. @throws DurachartError `INVALID_PATCH` (details.issues) */
export function checkPatch(patch: unknown): PatchOperation[] {
  const parsed = parse(patchSchema, patch, 'INVALID_PATCH', 'The patch') as PatchOperation[];
  assertJson(parsed, 'The patch');
  return parsed;
}

/** A patched copy of a context. No message quotes a value. @throws DurachartError `INVALID_PATCH`, `CONTEXT_TOO_LARGE`, `INVALID_CONTEXT` (details.issues), `PAYLOAD_UNREADABLE` */
export function patched(
  context: Record<string, unknown>,
  patch: PatchOperation[],
  schema: Workflow['context'],
): Record<string, unknown> {
  // Below a root, so that the context itself can be replaced.
  const root = { context: structuredClone(decoded(context)) };
  // A copy of a copy doubles it: measured before it is made.
  let room = WHOLE_CONTEXT_LIMIT;
  for (const [index, operation] of checkPatch(patch).entries()) {
    const why = failing(root, operation, (value) => {
      room -= sizeUpTo(value, room);
      if (room <= 0) throw tooMuch(index);
    });
    if (why === undefined) continue;
    throw new DurachartError(
      'INVALID_PATCH',
      `Operation ${index} of the patch (${operation.op} ${JSON.stringify(operation.path)}) does not fit the context: ${why}.`,
      { details: { index } },
    );
  }
  assertReadable(root.context);
  return checkContext(root.context, schema);
}

/** Of a context whose values could not be read, those are left as references. */
function assertReadable(context: unknown): void {
  const lost = Object.entries(context ?? {}).find((entry): entry is [string, PayloadReference] =>
    isReference(entry[1]),
  );
  if (lost === undefined) return;
  const [name, { key, size }] = lost;
  throw new DurachartError(
    'PAYLOAD_UNREADABLE',
    `The context's ${name} lies in the artifact store under ${key}, and could not be read. Put it back there, or give the context another ${name} by the patch.`,
    { details: { key, size } },
  );
}

function tooMuch(index: number): DurachartError {
  return new DurachartError(
    'CONTEXT_TOO_LARGE',
    `With operation ${index} the patch adds more than ${sizeInWords(WHOLE_CONTEXT_LIMIT)} to the context, which is the limit of all of it.`,
    { details: { index, limit: WHOLE_CONTEXT_LIMIT } },
  );
}

/** About as many bytes as a value takes; of a larger one it is not looked at more than that. Many small values take time, not room. */
function sizeUpTo(root: unknown, most: number): number {
  let size = 0;
  const open: unknown[] = [root];
  while (open.length > 0 && size <= most) {
    const value = open.pop();
    size += typeof value === 'string' ? value.length + 32 : 32;
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, inner] of Object.entries(value)) {
      if (!Array.isArray(value)) size += key.length + 3;
      open.push(inner);
    }
  }
  return size;
}

/** @param adds called with what an operation is about to add */
function failing(root: object, operation: PatchOperation, adds: (value: unknown) => void): string | undefined {
  const { path, from } = operation as { path: string; from?: string };
  const below = { ...operation, path: `/context${path}`, ...(from === undefined ? {} : { from: `/context${from}` }) };
  const isNew = ['add', 'move', 'copy'].includes(operation.op);
  const stray = (from === undefined ? undefined : strays(root, from, false)) ?? strays(root, path, isNew);
  if (stray !== undefined) return stray;
  if (operation.op === 'add' || operation.op === 'replace') adds(operation.value);
  if (operation.op === 'copy') adds(Pointer.fromJSON(`/context${operation.from}`).get(root));
  const isHeld = operation.op !== 'add' && operation.op !== 'test' && hold(root, from ?? path);
  const error = applyPatch(root, [below as PatchOperation])[0];
  if (isHeld) release(root);
  return error?.name === 'TestError' ? 'another value stands there' : error?.message;
}

/** Stands for a value that is undefined while an operation takes it away: the library takes such a value for none. */
const HELD = `undefined ${randomUUID()}`;

/** @returns whether what stands there is undefined */
function hold(root: object, path: string): boolean {
  const pointer = Pointer.fromJSON(`/context${path}`);
  if (pointer.get(root) !== undefined) return false;
  pointer.set(root, HELD);
  return true;
}

function release(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (inner === HELD) (value as Record<string, unknown>)[key] = undefined;
    else release(inner);
  }
}

/**
 * Where a pointer leaves the data, if it does: the library follows `/toString/call` into `Object.prototype`, takes any
 * name for an index, and `__proto__` for a key.
 * @param isNew it names a place to be filled, not one that is there
 */
function strays(root: unknown, path: string, isNew: boolean): string | undefined {
  let value = root;
  const tokens = Pointer.fromJSON(`/context${path}`).tokens.slice(1);
  for (const [depth, token] of tokens.entries()) {
    const fills = isNew && depth === tokens.length - 1;
    if (['__proto__', 'constructor', 'prototype'].includes(token))
      return `${path} has the name ${token}, which cannot be used`;
    if (typeof value !== 'object' || value === null) return `${path} leads into a plain value`;
    if (Array.isArray(value) && !(/^(0|[1-9]\d*)$/.test(token) || (fills && token === '-')))
      return `${path} has ${JSON.stringify(token)} where the index of a list should be`;
    if (!fills && !Object.hasOwn(value, token)) return `there is nothing at ${path}`;
    value = (value as Record<string, unknown>)[token];
  }
  return undefined;
}

function checkContext(edited: unknown, schema: Workflow['context']): Record<string, unknown> {
  if (typeof edited !== 'object' || edited === null || Array.isArray(edited))
    throw new DurachartError('INVALID_CONTEXT', 'The patch leaves no object for a context.');
  parse(schema, edited, 'INVALID_CONTEXT', 'The patched context');
  return storable(edited, 'The patched context') as Record<string, unknown>;
}
