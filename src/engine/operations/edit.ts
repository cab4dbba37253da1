import type { Operation as PatchOperation } from 'rfc6902';
import { DurachartError } from '../../core/error.ts';
import type { Workflow } from '../../core/workflow.ts';
import { canonical } from '../canonical.ts';
import { invokeId, stepKey } from '../keys.ts';
import { apply, type Decision } from '../macrostep.ts';
import type { Millis, StepRow } from '../ports.ts';
import { emptyChange, isHeld, type State } from '../state.ts';
import { stopStep } from '../stopping.ts';
import type { Moment } from './order.ts';
import { patched } from './patch.ts';

/**
 * Another context for the same state. What has not run yet gets its input anew where that hangs on the context alone:
 * as an invocation of its own, because another input under the same idempotency key would be refused by many a service.
 * Where values of the context cannot be read, the patch may put others in their place.
 * @throws DurachartError `INVALID_PATCH`, `INVALID_CONTEXT`, `STATE_UNKNOWN`, `PAYLOAD_UNREADABLE`
 */
export function edit(state: State, patch: PatchOperation[], now: Millis): Decision & { result: unknown } {
  const { workflow, stored, snapshot } = state;
  if (stored === null)
    throw new DurachartError(
      'STATE_UNKNOWN',
      `The code no longer has the state ${state.name}; its context stays as it is.`,
    );
  const context = patched(stored.context, patch, workflow.context);
  const edited = workflow.machine.restore({ ...stored, context });
  const change = emptyChange();
  const sequence = state.sequence + 1;
  const steps = new Map(state.steps);
  const renewed: string[] = [];
  const kept: string[] = [];
  for (const row of state.steps.values()) {
    // The items of a fan-out are what they were when it began.
    if (row.kind === 'fan-out') kept.push(row.key);
    if (row.kind !== 'step' || row.status === 'done') continue;
    const input = snapshot === null ? undefined : workflow.machine.inputOf(snapshot, invokeId(row.key), state);
    const anew = workflow.machine.inputOf(edited, invokeId(row.key), state);
    // An input that the event made, too, cannot be made again.
    if (input === undefined || anew === undefined || !same(input.value, row.input)) kept.push(row.key);
    else if (!same(input.value, anew.value)) {
      const again = renewedRow(row, stepKey(sequence, invokeId(row.key)), anew.value, now);
      steps.delete(row.key);
      steps.set(again.key, again);
      if (row.status !== 'failed') stopStep(row, change, now);
      change.newSteps.push(again);
      renewed.push(again.key);
    }
  }
  const held = isHeld(state.status);
  const before: State = { ...state, steps };
  const decision = apply(
    before,
    { snapshot: edited, effects: [], changed: true },
    { type: 'durachart.edit' },
    change,
    now,
    {
      stepKey: null,
      payload: { patch },
    },
  );
  const error = state.error === null ? null : blamedOn(state.error, sequence, renewed);
  return {
    ...decision,
    state: held ? { ...decision.state, status: state.status, error } : decision.state,
    result: { renewed, kept },
  };
}

/** A moment with another context: what was to run gets its input anew, where that hangs on the context alone. */
export function restoredMoment(workflow: Workflow, moment: Moment, patch: PatchOperation[]): Moment {
  const context = patched(moment.snapshot.context, patch, workflow.context);
  const before = workflow.machine.restore(moment.snapshot);
  const snapshot = { ...moment.snapshot, context };
  const after = workflow.machine.restore(snapshot);
  const effects = moment.effects.map((effect) => {
    if (effect.type !== 'invoke') return effect;
    const input = workflow.machine.inputOf(before, effect.id);
    const anew = workflow.machine.inputOf(after, effect.id);
    return input !== undefined && anew !== undefined && same(input.value, effect.input)
      ? { ...effect, input: anew.value }
      : effect;
  });
  return { snapshot, effects };
}

function renewedRow(row: StepRow, key: string, input: unknown, now: Millis): StepRow {
  const failed = row.status === 'failed';
  return {
    ...row,
    key,
    input,
    status: failed ? 'failed' : 'queued',
    attempt: 0,
    lost: 0,
    nextAttemptAt: null,
    attempts: null,
    logs: null,
    progress: null,
    message: null,
    worker: null,
    queuedAt: now,
    startedAt: null,
    heartbeatAt: null,
    finishedAt: failed ? now : null,
  };
}

/** The error says which invocation it is of; that one may have another key now. */
function blamedOn(error: NonNullable<State['error']>, sequence: number, renewed: readonly string[]): State['error'] {
  const key = error.details?.['key'];
  if (typeof key !== 'string') return error;
  const now = stepKey(sequence, invokeId(key));
  return renewed.includes(now) ? { ...error, details: { ...error.details, key: now } } : error;
}

function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}
