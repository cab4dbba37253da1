import { DefinitionError, DurachartError } from '../../core/error.ts';
import type { EventDefinition, Receives, StartedBy } from '../../core/published-event.ts';
import { describe } from '../../core/thrown.ts';
import { decoded } from '../../core/undefined.ts';
import type { Workflow } from '../../core/workflow.ts';
import { checkInput, checkOptions, checkPayload, parse } from '../checks.ts';
import { idempotentId } from '../keys.ts';
import type { Commit, Millis, NewInstance } from '../ports.ts';
import { unbornCommit } from '../state.ts';
import { keyed } from './correlation.ts';
import type { Delivery, DeliveryProblem, Letter, Undelivered } from './event-store.ts';

/** All events that workflows publish or subscribe to, by name. @throws DefinitionError `DUPLICATE_EVENT` */
export function eventRegistry(workflows: Iterable<Workflow>): ReadonlyMap<string, EventDefinition> {
  const all = new Map<string, EventDefinition>();
  for (const { name, startedBy, receives, publishes } of workflows) {
    for (const event of [...[...startedBy, ...receives].map((each) => each.event), ...publishes.values()]) {
      const known = all.get(event.name);
      if (known !== undefined && known !== event) {
        throw new DefinitionError(
          'DUPLICATE_EVENT',
          `Workflow ${name} has another definition of the event ${event.name} than a workflow before it. Define it once, by defineEvent, and use that.`,
        );
      }
      all.set(event.name, event);
    }
  }
  return all;
}

/**
 * Whom a published event starts and reaches: worked out anew whenever it is delivered, and the same each time. Pure.
 * A subscriber whose own code throws, or gives what its schema refuses, keeps the others from nothing.
 */
export function deliveryOf(workflows: Iterable<Workflow>, event: Undelivered, now: Millis): Delivery {
  const problems: DeliveryProblem[] = [];
  const starts: Commit[] = [];
  const letters: Letter[] = [];
  for (const workflow of workflows) {
    const attempt = (serve: () => void): void => {
      try {
        serve();
      } catch (error) {
        const code = error instanceof DurachartError ? error.code : 'SUBSCRIPTION_FAILED';
        problems.push({ workflow: workflow.name, code, message: describe(error).slice(0, 2_000) });
      }
    };
    for (const [index, subscription] of workflow.startedBy.entries()) {
      if (subscription.event.name === event.name)
        attempt(() => starts.push(...startOf(workflow, subscription, index, event, now)));
    }
    for (const subscription of workflow.receives) {
      if (subscription.event.name === event.name) attempt(() => letters.push(letterOf(workflow, subscription, event)));
    }
  }
  return { starts, letters, problems };
}

function startOf(
  workflow: Workflow,
  { input, when, tenant }: StartedBy,
  index: number,
  event: Undelivered,
  now: Millis,
): Commit[] {
  const payload = decoded(event.payload) as never;
  if (when?.(payload) === false) return [];
  const whose = tenant?.(payload) ?? null;
  checkOptions(whose === null ? {} : { tenant: whose });
  // With its number, so that two subscriptions of one workflow start two.
  const key = `event ${event.id}${index === 0 ? '' : ` ${index + 1}`}`;
  const create: NewInstance = {
    workflow: workflow.name,
    version: workflow.version,
    tenant: whose,
    tags: [],
    priority: 5,
    input: checkInput(workflow, input(payload)),
    key,
    parent: null,
    leased: false,
    wakeAt: now,
    startAt: null,
    createdAt: now,
  };
  return [unbornCommit(idempotentId(workflow.name, whose, key, now), workflow, create)];
}

function letterOf(workflow: Workflow, { as, key, payload }: Receives, event: Undelivered): Letter {
  const given = decoded(event.payload) as never;
  const found = keyed(`The key of ${event.name} for ${workflow.name}`, () => key(given));
  if (found === undefined)
    throw new DurachartError('CORRELATION_FAILED', `The event ${event.name} has no key for ${workflow.name}.`);
  const schema = Object.hasOwn(workflow.events, as) ? workflow.events[as] : undefined;
  const fields = parse(schema, payload === undefined ? given : payload(given), 'INVALID_EVENT', `The event ${as}`);
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw new DurachartError('INVALID_EVENT', `The event ${as} carries an object. Make one of it by \`payload\`.`);
  return { workflow: workflow.name, key: found, type: as, payload: checkPayload({ name: as }, fields) };
}
