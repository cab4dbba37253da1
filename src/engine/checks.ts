import type { z } from 'zod';
import type { EventObject } from '../core/effect.ts';
import { DurachartError } from '../core/error.ts';
import { matchesEventType } from '../core/event-types.ts';
import { issuesInWords, namedIssues } from '../core/issues.ts';
import { storable } from '../core/json.ts';
import type { LiveSnapshot } from '../core/machine.ts';
import { INLINE_LIMIT } from '../core/payload.ts';
import type { Workflow } from '../core/workflow.ts';
import { CONDITIONS, type ListOptions, type StartOptions } from './api.ts';
import { LATEST } from './clock.ts';
import { isInstanceId } from './keys.ts';
import { isSmall, PREFIX as PAYLOADS } from './payloads/payloads.ts';
import { sizeInWords } from './payloads/size.ts';
import type { OperationOptions } from './operations/records.ts';
import type { Claimed } from './ports.ts';
import { hasEnded } from './state.ts';

/** The first day of year 1. */
const EARLIEST = -62_135_596_800_000;

/** One thing that is wrong with a value, and where. */
export interface Issue {
  path: string;
  message: string;
}

/** The input as it will be stored. @throws DurachartError `INVALID_INPUT`, NotJsonError */
export function checkInput(workflow: Workflow, input: unknown): unknown {
  const parsed = parse(workflow.input, input, 'INVALID_INPUT', `The input of workflow ${workflow.name}`);
  return storable(parsed, `The input of workflow ${workflow.name}`);
}

/** The event's payload as it will be stored. @throws DurachartError `INSTANCE_ENDED`, `UNKNOWN_EVENT`, `INVALID_EVENT`, `EVENT_NOT_ACCEPTED` */
export function checkEvent(
  workflow: Workflow,
  record: Pick<Claimed, 'id' | 'parent' | 'status' | 'state' | 'snapshot'>,
  event: { type: string; [field: string]: unknown },
): Record<string, unknown> | null {
  const { id, status, state } = record;
  const { type, fields } = knownEvent(workflow, event);
  if (hasEnded(status)) throw ended(id, status);
  const payload = eventPayload(workflow, type, fields);
  if (record.snapshot !== null) {
    const snapshot = workflow.machine.restore(record.snapshot);
    accepted(workflow, record, { state, behind: [] }, snapshot, { ...payload, type });
  }
  return Object.keys(payload).length === 0 ? null : payload;
}

/** An event's type and what it carries, as it was sent. @throws DurachartError `UNKNOWN_EVENT` */
export function knownEvent(
  workflow: Workflow,
  event: { type: string; [field: string]: unknown },
): { type: string; fields: Record<string, unknown> } {
  if (typeof event !== 'object' || event === null || typeof event.type !== 'string')
    throw new DurachartError(
      'UNKNOWN_EVENT',
      `An event is an object with a type, like { type: ${JSON.stringify(workflow.eventTypes[0] ?? 'GO')} }; this one is ${event === null ? 'null' : typeof event === 'object' ? 'an object without one' : `of type ${typeof event}`}.`,
      { details: { events: workflow.eventTypes } },
    );
  const { type, ...fields } = event;
  const known = workflow.eventTypes;
  if (!type.startsWith('durachart.') && matchesEventType(type, known)) return { type, fields };
  throw new DurachartError(
    'UNKNOWN_EVENT',
    `Workflow ${workflow.name} has no event ${JSON.stringify(type)}. It has: ${known.join(', ') || 'none'}.`,
    { details: { events: known } },
  );
}

/** What an event carries, as its schema gives it, in its stored form. @throws DurachartError `INVALID_EVENT`, NotJsonError */
export function eventPayload(
  workflow: Workflow,
  type: string,
  fields: Record<string, unknown>,
): Record<string, unknown> {
  const schema = Object.hasOwn(workflow.events, type) ? workflow.events[type] : undefined;
  const payload = parse(schema, fields, 'INVALID_EVENT', `The event ${type}`) as Record<string, unknown>;
  return storable(payload, `The event ${type}`);
}

/** @param how it has come, or comes, to its end */
export function ended(id: string, status: string, how = `is ${status}`): DurachartError {
  return new DurachartError('INSTANCE_ENDED', `Instance ${id} ${how}; it takes no more events.`, {
    details: { status },
  });
}

/** @param at where it stands, after which events that still lie in its inbox @throws DurachartError `EVENT_NOT_ACCEPTED` */
export function accepted(
  { machine }: Workflow,
  instance: Pick<Claimed, 'id' | 'parent'>,
  { state, behind }: { state: string; behind: readonly string[] },
  snapshot: LiveSnapshot,
  event: EventObject,
): void {
  if (machine.accepts(snapshot, event, instance)) return;
  const { id } = instance;
  const accepts = machine.eventTypes(snapshot);
  const { type } = event;
  const when = behind.length === 0 ? '' : ` once it has taken what lies in its inbox (${behind.join(', ')})`;
  const guard = accepts.includes(type) ? ' with this payload (a guard says no)' : '';
  throw new DurachartError(
    'EVENT_NOT_ACCEPTED',
    `Instance ${id} is in ${state}${when} and does not take ${type}${guard}. It takes: ${accepts.join(', ') || 'none'}.`,
    { details: { accepts, state } },
  );
}

/** What a published event carries, as it will be stored. @throws DurachartError `INVALID_EVENT`, `PAYLOAD_TOO_LARGE`, NotJsonError */
export function checkPayload({ name, payload }: { name: string; payload?: z.ZodType }, value: unknown): unknown {
  const parsed = storable(parse(payload, value, 'INVALID_EVENT', `The event ${name}`), `The event ${name}`);
  const text = JSON.stringify(parsed) as string | undefined;
  if (text !== undefined && !isSmall(text)) {
    throw new DurachartError(
      'PAYLOAD_TOO_LARGE',
      `The event ${name} carries ${sizeInWords(Buffer.byteLength(text))}; a published event holds ${sizeInWords(INLINE_LIMIT)}. Put what is large into the artifact store, and publish its key.`,
    );
  }
  return parsed;
}

/** Folders of the artifact store in which something else lies than an instance's own files; there are file systems to which case is nothing. */
const RESERVED_IDS: ReadonlySet<string> = new Set([PAYLOADS, 'uploads']);

/** @throws DurachartError `INVALID_OPTION` */
export function checkOptions(options: StartOptions): void {
  const { id, key, tenant, tags, priority, startAt } = options;
  const wrong =
    id !== undefined && key !== undefined
      ? 'id and key exclude each other: a key makes the id'
      : id !== undefined && !(typeof id === 'string' && isInstanceId(id))
        ? `id ${JSON.stringify(id)} must have 1 to 200 letters, digits or . _ ~ -`
        : id !== undefined && RESERVED_IDS.has(id.toLowerCase())
          ? `id ${JSON.stringify(id)} is the name of a folder of the artifact store; choose another`
          : key !== undefined && !isText(key, 500)
            ? 'key must be text of 1 to 500 characters'
            : tenant !== undefined && !isText(tenant, 200)
              ? 'tenant must be text of 1 to 200 characters'
              : tags !== undefined &&
                  !(Array.isArray(tags) && tags.length <= 20 && tags.every((tag) => isText(tag, 200)))
                ? 'tags must be at most 20 texts of 1 to 200 characters'
                : priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= 9)
                  ? 'priority must be a whole number from 0 to 9'
                  : startAt !== undefined && !(startAt instanceof Date && startAt.getTime() <= LATEST)
                    ? 'startAt must be a valid Date'
                    : undefined;
  if (wrong !== undefined) throw new DurachartError('INVALID_OPTION', `${wrong}.`);
}

/** @throws DurachartError `INVALID_OPTION` */
export function checkKey(key: string | undefined): void {
  if (key !== undefined && !isText(key, 500))
    throw new DurachartError('INVALID_OPTION', 'key must be text of 1 to 500 characters.');
}

/** Milliseconds that a caller waits. @throws DurachartError `INVALID_OPTION` */
export function checkWait(wait: number | undefined): void {
  if (wait !== undefined && !(Number.isFinite(wait) && wait >= 0 && wait <= 600_000))
    throw new DurachartError('INVALID_OPTION', 'wait must be milliseconds from 0 to 600,000.');
}

/** Who asks for an operation, and why. @throws DurachartError `INVALID_OPTION` */
export function checkBy({ by, why, key, wait }: OperationOptions): { by: string; why: string | null } {
  checkKey(key);
  if (by !== undefined && !isText(by, 200))
    throw new DurachartError('INVALID_OPTION', 'by must be text of 1 to 200 characters.');
  if (why !== undefined && !isText(why, 2_000))
    throw new DurachartError('INVALID_OPTION', 'why must be text of 1 to 2,000 characters.');
  checkWait(wait);
  return { by: by ?? 'unknown', why: why ?? null };
}

/** Text as Postgres can store it. */
export function isText(value: unknown, longest: number): boolean {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= longest &&
    value.isWellFormed() &&
    !value.includes('\0')
  );
}

/** A time as Postgres and the API can tell it. */
export function isDate(value: unknown): boolean {
  return value instanceof Date && value.getTime() >= EARLIEST && value.getTime() <= LATEST;
}

/** What a list is asked for. @throws DurachartError `INVALID_OPTION` */
export function checkFilters(options: ListOptions): void {
  for (const name of ['workflow', 'status', 'state', 'tag', 'tenant', 'parentId', 'errorCode', 'step'] as const) {
    const value = options[name];
    if (value !== undefined && !isText(value, 10_000))
      throw new DurachartError('INVALID_OPTION', `${name} must be text.`);
  }
  for (const name of ['since', 'until'] as const) {
    const value = options[name];
    if (value !== undefined && !isDate(value))
      throw new DurachartError('INVALID_OPTION', `${name} must be a valid Date.`);
  }
  if (options.is !== undefined && !CONDITIONS.includes(options.is))
    throw new DurachartError('INVALID_OPTION', `is must be one of ${CONDITIONS.join(', ')}.`);
}

/** How many items a page has. @throws DurachartError `INVALID_OPTION` */
export function pageSize(limit = 50): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > 500)
    throw new DurachartError('INVALID_OPTION', 'limit must be a whole number from 1 to 500.');
  return limit;
}

/** A value as a schema takes it; as it is where there is none. @throws DurachartError of that code, with details.issues */
export function parse(schema: z.ZodType | undefined, value: unknown, code: string, what: string): unknown {
  if (schema === undefined) return value;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues: Issue[] = namedIssues(result.error.issues).map(({ path, message }) => ({
    path: path.join('.'),
    message,
  }));
  throw new DurachartError(code, `${what} is not valid: ${issuesInWords(result.error.issues)}`, {
    details: { issues },
  });
}
