import type { Operation as PatchOperation } from 'rfc6902';
import type { Workflow } from '../../core/workflow.ts';
import { restoredMoment } from './edit.ts';
import type { Moment } from './order.ts';
import { stand } from './perform.ts';
import type { AuditOutcome, Millis, NewInstance } from '../ports.ts';
import { emptyChange, standOf, unborn, type Change, type State } from '../state.ts';

/** Where a fork comes from, and what is different in it. */
export interface ForkOptions {
  /** The transition after which it begins; 0: anew, from the start. Default: the last one. */
  from?: number | undefined;
  /** Default: the input of the instance that is forked. Of a fork from a transition it changes what is shown; what its machine made of the old one stands in the context. */
  input?: unknown;
  /** Changes to the context, as a JSON Patch (RFC 6902); not together with `from: 0`. */
  patch?: PatchOperation[] | undefined;
  /** Id of the new instance. Default: a new ULID. */
  id?: string | undefined;
}

/** A new instance where another one stood. Pure. @throws DurachartError `STATE_UNKNOWN`, `MOMENT_ENDED`, `INVALID_PATCH`, `INVALID_CONTEXT` */
export function forked(
  id: string,
  workflow: Workflow,
  create: NewInstance,
  {
    moment,
    from,
    patch,
  }: { moment: Moment; from: { id: string; sequence: number }; patch: PatchOperation[] | undefined },
  now: Millis,
): { state: State; change: Change } {
  const begun = patch === undefined ? moment : restoredMoment(workflow, moment, patch);
  return stand(unborn(id, workflow, create), begun, emptyChange(), now, {
    event: 'durachart.fork',
    payload: { from, ...(patch === undefined ? {} : { patch }) },
  });
}

/** The record of a fork, written with it. */
export function forkRecord(
  state: State,
  by: { by: string; why: string | null; key: string | null },
  from: { id: string; sequence: number },
  { input, patch }: ForkOptions = {},
): AuditOutcome {
  const given = { ...(input === undefined ? {} : { input }), ...(patch === undefined ? {} : { patch }) };
  return {
    eventId: null,
    create: { operation: 'fork', arguments: { from, ...given }, ...by },
    status: 'applied',
    code: null,
    reason: null,
    before: null,
    after: standOf(state),
    result: null,
  };
}
