import { DurachartError } from '../../core/error.ts';
import type { EventObject } from '../../core/effect.ts';
import { describe } from '../../core/thrown.ts';
import { decoded } from '../../core/undefined.ts';
import { checkPayload, isText } from '../checks.ts';
import type { EmittedEvent, SubscriptionRow } from '../ports.ts';
import type { State } from '../state.ts';

const LONGEST_KEY = 200;

/** Under which keys published events reach an instance that stands so; null where its workflow receives none. */
export function subscriptionsOf({ id, input, workflow, stored }: State): SubscriptionRow[] | null {
  if (workflow.receives.length === 0) return null;
  const context = decoded(stored?.context ?? {});
  const given = decoded(input);
  return workflow.receives.flatMap(({ event: { name }, as, instanceKey }): SubscriptionRow[] => {
    const key = keyed(`The key of an instance of ${workflow.name} for ${name}`, () =>
      instanceKey({ id, input: given, context } as never),
    );
    return key === undefined ? [] : [{ event: name, key, type: as, workflow: workflow.name }];
  });
}

/**
 * A correlation key that the user's code gives.
 * @throws DurachartError `CORRELATION_FAILED`
 */
export function keyed(what: string, of: () => string | null | undefined): string | undefined {
  let key: string | null | undefined;
  try {
    key = of();
  } catch (error) {
    throw new DurachartError('CORRELATION_FAILED', `${what} cannot be computed: ${describe(error)}`, { cause: error });
  }
  if (key === null || key === undefined) return undefined;
  if (isText(key, LONGEST_KEY)) return key;
  throw new DurachartError('CORRELATION_FAILED', `${what} must be text of 1 to ${LONGEST_KEY} characters.`);
}

/** What a machine emits, where it is for others. @throws DurachartError `INVALID_EVENT`, NotJsonError */
export function emittedFor({ id, workflow }: State, event: EventObject, place: string): EmittedEvent[] {
  const { type, ...fields } = decoded(event);
  const definition = workflow.publishes.get(type);
  if (definition === undefined) return [];
  return [{ name: type, payload: checkPayload(definition, fields), key: `${id}:${place}` }];
}
