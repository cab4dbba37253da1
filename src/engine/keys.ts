import { createHash } from 'node:crypto';
import { ulid } from './ulid.ts';

/** Events that the engine itself sends. */
export const CANCEL = 'durachart.cancel';
export const RETRY = 'durachart.retry';
/** Carries an event to another instance of the tree, by the system id of an actor. */
export const RELAY = 'durachart.relay';
/** Says that an invocation's row has come to its end; `fence` is its key. Sent by steps that run outside of the instance's owner. */
export const SETTLED = 'durachart.settled';

/** Has the machine emit the event that it carries. Sent by its steps. */
export const EMIT = 'durachart.emit';

/** Key of an invocation inside its instance: the transition that asked for it, and its invoke id. */
export function stepKey(sequence: number, invokeId: string): string {
  return `${sequence}:${invokeId}`;
}

/** The transition that asked for an invocation. */
export function sequenceOf(key: string): number {
  return Number(key.slice(0, key.indexOf(':')));
}

/** The invoke id in an invocation's key. */
export function invokeId(key: string): string {
  return key.slice(key.indexOf(':') + 1);
}

/** Id of the timer by which an instance takes what it sends itself without a delay. */
export function ownSendId(sequence: number, index: number): string {
  return `${sequence}.${index}${OWN_SEND}`;
}

export function isOwnSend(timerId: string): boolean {
  return timerId.endsWith(OWN_SEND);
}

const OWN_SEND = '.send';

/** Key of an item of a fan-out. */
export function itemKey(fanOut: string, index: number): string {
  return `${fanOut}#${index}`;
}

/** The fan-out that an item's key belongs to. */
export function fanOutOf(itemKey: string): string {
  return itemKey.slice(0, itemKey.lastIndexOf('#'));
}

/** The index in an item's key. */
export function itemIndex(itemKey: string): number {
  return Number(itemKey.slice(itemKey.lastIndexOf('#') + 1));
}

/** The key of an invocation among all instances: what a step is handed as its idempotency key. */
export function idempotencyKey(instanceId: string, key: string): string {
  return `${instanceId}:${key}`;
}

/** Id of the instance that answers a parent's invocation. Readable where it can be: `<parent>.<sequence>.<invoke id>`. */
export function childInstanceId(parent: string, key: string): string {
  const readable = `${parent}.${key.replace(':', '.')}`;
  return isInstanceId(readable) ? readable : `child-${hash(`${parent} ${key}`)}`;
}

/** 1 to 200 characters that are safe in a URL and in a file name. */
export function isInstanceId(id: string): boolean {
  return /^[A-Za-z0-9._~-]{1,200}$/.test(id) && !/^\.+$/.test(id);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40);
}

/** The id of a new instance: made from its idempotency key, or new and in order of time. */
export function idempotentId(workflow: string, tenant: string | null, key: string | undefined, now: number): string {
  return key === undefined ? ulid(now) : `k-${hash(JSON.stringify([workflow, tenant, key]))}`;
}
