import { DurachartError } from '../../core/error.ts';
import { checkEvent } from '../checks.ts';
import { decide } from '../decide.ts';
import { legal } from '../operations/legal.ts';
import type { Claimed, Millis } from '../ports.ts';
import { restored, type Change, type State } from '../state.ts';
import type { Workflow } from '../../core/workflow.ts';
import type { SentEvent } from '../sending/expected-state.ts';
import type { Preview } from './explanation.ts';
import { shown } from './shown.ts';

/** What an event would do to an instance as it was read. Pure: the same rule decides as when it is sent, and nothing is written. */
export function preview(claimed: Claimed, workflow: Workflow, event: SentEvent, now: Millis): Preview {
  const ahead = claimed.inbox.length;
  const stays = (reason: Preview['reason']): Preview => ({
    ...NOTHING,
    accepted: false,
    ...(reason === undefined ? {} : { reason }),
    state: claimed.state,
    status: claimed.status,
    ahead,
  });
  let payload: unknown;
  try {
    payload = checkEvent(workflow, claimed, event);
  } catch (error) {
    if (error instanceof DurachartError) return stays({ code: error.code, message: error.message });
    throw error;
  }
  const verdict = legal('send', {
    status: claimed.status,
    sequence: claimed.sequence,
    steps: claimed.steps,
    enteredByError: false,
    stateKnown: true,
    accepts: [event.type],
  });
  if (!verdict.ok) return stays({ code: verdict.code, message: verdict.reason });
  const before = restored(claimed, workflow);
  const inbox = { id: 0, type: event.type, payload, source: 'external', fence: null, createdAt: now } as const;
  const { state, change } = decide(before, { type: 'event', event: inbox }, now);
  return { accepted: true, state: state.name, status: state.status, ahead, ...effects(before, state, change, now) };
}

const NOTHING = {
  steps: [],
  stops: [],
  timers: [],
  cancelsTimers: [],
  actions: [],
  sends: [],
  children: [],
  context: {},
  emits: [],
} as const satisfies Partial<Preview>;

function effects(
  before: State,
  after: State,
  change: Change,
  now: Millis,
): Omit<Preview, 'accepted' | 'state' | 'status' | 'ahead'> {
  const [transition] = change.transitions;
  return {
    steps: change.newSteps
      .filter(({ kind }) => kind === 'step')
      .map(({ key, step, input }) => ({ key, step, input: input ?? null })),
    stops: change.steps
      .filter(({ status }) => status === 'stopped')
      .map(({ key, step, childId }) => ({ key, step, status: before.steps.get(key)?.status ?? 'queued', childId })),
    timers: change.timers.map(({ id, event, dueAt }) => ({ id, event: event.type, dueInMs: dueAt - now })),
    cancelsTimers: change.cancelled === 'all' ? [...before.timers.keys()] : [...change.cancelled],
    actions: change.newSteps
      .filter(({ kind }) => kind === 'action')
      .map(({ step, input }) => ({ name: step, params: (input as { params?: unknown }).params ?? null })),
    // What the engine itself tells its children says `stops` already.
    sends: change.posts
      .filter(({ source }) => source === 'instance')
      .map(({ to, type, payload }) => ({ to, type, payload: payload ?? null })),
    children: change.children.map(({ id, create }) => ({
      id,
      workflow: create.workflow,
      input: create.input ?? null,
    })),
    context: transition?.diff.context ?? {},
    emits: transition?.emitted ?? [],
    ...(after.status === 'done' ? { output: after.stored?.output ?? null } : {}),
    ...(after.error === null ? {} : { error: shown(after.error) }),
  };
}
