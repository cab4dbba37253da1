import { DurachartError } from '../../core/error.ts';
import type { EventObject } from '../../core/effect.ts';
import type { LiveSnapshot, Transition } from '../../core/machine.ts';
import { isReference } from '../../core/payload.ts';
import { stateName } from '../../core/snapshot.ts';
import type { Workflow } from '../../core/workflow.ts';
import { accepted, ended, eventPayload, knownEvent } from '../checks.ts';
import type { Millis } from '../ports.ts';
import { EMIT, RELAY } from '../keys.ts';
import { hasEnded, isHeld } from '../state.ts';
import type { SendFacts } from './send-store.ts';

/** Events that are worked through to know what an inbox leads to; what is behind more of them is taken in unjudged. */
export const MOST_FOLDED = 50;
/** A timer that is due so soon may come before what lies in the inbox. */
const SOON = 1_000;

/** An event as it is sent. */
export interface SentEvent {
  type: string;
  [field: string]: unknown;
}

/**
 * The state that an instance is in once it has taken what lies in its inbox. With an empty inbox that is the stored one.
 * Else it is known as far as nothing can come in between: no result of a step or child, no timer. Pure.
 */
export class ExpectedState {
  private readonly workflow: Workflow;
  private readonly facts: SendFacts;
  private readonly now: Millis;
  /** Events that are still to be worked through. */
  private readonly ahead: SendFacts['inbox'];
  /** Types of the events that lead there. */
  private readonly behind: string[] = [];
  private snapshot: LiveSnapshot | undefined;
  private isKnown = true;

  constructor(workflow: Workflow, facts: SendFacts, now: Millis) {
    this.workflow = workflow;
    this.facts = facts;
    this.now = now;
    this.ahead = [...facts.inbox];
    if (facts.snapshot === null) this.isKnown = false;
  }

  /**
   * What an event carries, as it is to be stored.
   * @throws DurachartError `UNKNOWN_EVENT`, `INSTANCE_ENDED`, `INVALID_EVENT`, `EVENT_NOT_ACCEPTED`, `STATE_UNKNOWN`, NotJsonError
   */
  check(event: SentEvent): Record<string, unknown> | null {
    const { workflow, facts } = this;
    const { id, status } = facts;
    const { type, fields } = knownEvent(workflow, event);
    if (hasEnded(status)) throw ended(id, status);
    if (facts.damage !== undefined) throw new DurachartError(facts.damage.code, facts.damage.message);
    const snapshot = this.known();
    if (snapshot !== undefined && snapshot.status !== 'active')
      throw ended(id, snapshot.status, `ends by what lies in its inbox (${this.behind.join(', ')})`);
    const payload = eventPayload(workflow, type, fields);
    if (snapshot !== undefined) accepted(workflow, facts, this.where(snapshot), snapshot, { ...payload, type });
    return Object.keys(payload).length === 0 ? null : payload;
  }

  /** The event comes behind what lies in the inbox. It is worked through when the next one is judged. */
  add(type: string, payload: unknown): void {
    if (this.isKnown) this.ahead.push({ type, payload, source: 'external', fence: null });
  }

  private known(): LiveSnapshot | undefined {
    const { snapshot } = this.facts;
    if (this.isKnown && snapshot !== null) this.snapshot ??= this.workflow.machine.restore(snapshot);
    for (const event of this.ahead.splice(0)) if (this.isKnown) this.take(event);
    return this.isKnown ? this.snapshot : undefined;
  }

  private take({ type, payload, source, fence, correlation }: SendFacts['inbox'][number]): void {
    // What operators ask for moves it by other rules, and what is under way may change the state before it takes an event that waits.
    // What a step has its machine emit moves it nowhere.
    if ((type === EMIT || type === RELAY) && source === 'instance') return;
    const isOther = source === 'control' || fence !== null || correlation !== undefined || isReference(payload);
    if (isOther || this.behind.length === MOST_FOLDED || this.isOpen()) return this.lose();
    this.behind.push(type);
    const event = { ...(payload as object | null), type };
    const transition = this.next(this.snapshot as LiveSnapshot, event);
    if (transition === undefined) return this.lose();
    if (transition.changed) this.snapshot = transition.snapshot;
    if (transition.snapshot.status === 'active' && transition.effects.some(mayAnswer)) this.lose();
  }

  /** Something else than its inbox may move it first, or it stands still with an inbox that is kept. */
  private isOpen(): boolean {
    const { busy, nextTimer, status } = this.facts;
    return busy || isHeld(status) || (nextTimer !== null && nextTimer <= this.now + SOON);
  }

  private next(snapshot: LiveSnapshot, event: EventObject): Transition | undefined {
    try {
      const transition = this.workflow.machine.next(snapshot, event, this.facts);
      return transition.snapshot.status === 'error' ? undefined : transition;
    } catch {
      // It fails where it stands, and may go on from there.
      return undefined;
    }
  }

  private lose(): void {
    this.isKnown = false;
    this.snapshot = undefined;
  }

  private where(snapshot: LiveSnapshot): { state: string; behind: readonly string[] } {
    const { state } = this.facts;
    if (this.behind.length === 0) return { state, behind: [] };
    return { state: stateName(this.workflow.machine.store(snapshot).value), behind: this.behind };
  }
}

/** Whether something may come of an effect before the next event is taken. */
function mayAnswer(effect: Transition['effects'][number]): boolean {
  switch (effect.type) {
    case 'invoke':
    case 'action':
    case 'send':
      return true;
    case 'schedule':
      return effect.delay <= SOON;
    default:
      return false;
  }
}
