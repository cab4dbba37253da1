import type { EventObject } from '../core/effect.ts';
import { decoded, encoded } from '../core/undefined.ts';
import type { Post } from './ports.ts';

/** An event for another instance. */
export function message(to: string, event: EventObject): Post {
  // By the value: what is undefined in it has its place among the keys, of which the type is one.
  const { type, ...fields } = decoded(event);
  return { to, type, payload: encoded(fields), source: 'instance', fence: null, dedupeKey: null };
}
