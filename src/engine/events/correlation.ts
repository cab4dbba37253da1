import { DurachartError } from '../../core/error.ts';
import type { EventObject } from '../../core/effect.ts';
import type { Receives } from '../../core/published-event.ts';
import { describe } from '../../core/thrown.ts';
import { decoded } from '../../core/undefined.ts';
import { checkPayload, isText } from '../checks.ts';
import type { EmittedEvent, SubscriptionRow } from '../ports.ts';
import type { State } from '../state.ts';

const LONGEST_KEY = 200;

type Subscriber = Pick<State, 'id' | 'input' | 'workflow' | 'stored'>;

/** Under which keys published events reach an instance that stands so; null where its workflow receives none. */
export function subscriptionsOf(state: Subscriber): SubscriptionRow[] | null {
  const { workflow } = state;
  if (workflow.receives.length === 0) return null;
  let fixed = true;
  const keys = workflow.receives.map((subscription) => {
    const { key, isFixed } = instanceKeyOf(state, subscription);
    fixed &&= isFixed;
    return { event: subscription.event.name, key, type: subscription.as, isFixed };
  });
  return keys.flatMap(({ event, key, type, isFixed }): SubscriptionRow[] =>
    key === undefined && isFixed ? [] : [{ event, key: key ?? '', type, workflow: workflow.name, fixed }],
  );
}

/**
 * The keys that an instance will have after its first transition, so that what is published before that reaches it as well:
 * null where its workflow receives no events, none where it does not start.
 */
export function firstSubscriptions({
  id,
  input,
  workflow,
}: Pick<State, 'id' | 'input' | 'workflow'>): SubscriptionRow[] | null {
  if (workflow.receives.length === 0) return null;
  try {
    const stored = workflow.machine.store(workflow.machine.start(input).snapshot);
    return stored.status === 'active' ? subscriptionsOf({ id, input, workflow, stored }) : [];
  } catch {
    // It fails when it is started.
    return [];
  }
}

/** Whether a published event that was sent to the instance on this condition is for it. @throws DurachartError `CORRELATION_FAILED` */
export function isCorrelated(state: State, type: string, { event, key }: { event: string; key: string }): boolean {
  return state.workflow.receives.some(
    (subscription) =>
      subscription.event.name === event && subscription.as === type && instanceKeyOf(state, subscription).key === key,
  );
}

/** The key of an instance. Fixed: it was made without a look at the context. @throws DurachartError `CORRELATION_FAILED` */
function instanceKeyOf(
  { id, input, workflow, stored }: Subscriber,
  { event: { name }, instanceKey }: Receives,
): { key: string | undefined; isFixed: boolean } {
  let isFixed = true;
  const instance = {
    id,
    input: decoded(input),
    get context() {
      isFixed = false;
      return decoded(stored?.context ?? {});
    },
  };
  const key = keyed(`The key of an instance of ${workflow.name} for ${name}`, () => instanceKey(instance as never));
  return { key, isFixed };
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
