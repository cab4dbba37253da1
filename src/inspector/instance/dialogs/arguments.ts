import { createPatch } from 'rfc6902';
import type { OperationName } from './operate.ts';

/** What the fields of a dialog hold; each operation reads its own. */
export interface Draft {
  by: string;
  why: string;
  /** Key of a step. */
  step: string;
  output: unknown;
  /** Sequence of a transition. */
  at: number;
  /** The context as it is to be. */
  context: unknown;
  force: boolean;
}

/** The body of the request that a draft stands for. */
export function argumentsOf(operation: OperationName, draft: Draft, before: unknown): Record<string, unknown> {
  return {
    ...(draft.by.trim() === '' ? {} : { by: draft.by.trim() }),
    ...(draft.why.trim() === '' ? {} : { why: draft.why.trim() }),
    ...own(operation, draft, before),
  };
}

function own(operation: OperationName, draft: Draft, before: unknown): Record<string, unknown> {
  switch (operation) {
    case 'skip':
      return { step: draft.step, ...(draft.output === undefined ? {} : { output: draft.output }) };
    case 'rewind':
      return { to: draft.at };
    case 'fork':
      return { from: draft.at };
    case 'edit':
      return { patch: createPatch(before, draft.context) };
    case 'cancel':
      return draft.force ? { force: true } : {};
    default:
      return {};
  }
}

/** The same as options of the CLI. */
export function optionsOf(body: Readonly<Record<string, unknown>>): Record<string, string | true | undefined> {
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [
      name,
      value === true ? true : typeof value === 'string' && name !== 'output' ? value : JSON.stringify(value),
    ]),
  );
}
