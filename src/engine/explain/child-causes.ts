import type { Bare } from './causes.ts';
import type { Cause, CauseCode, Standpoint } from './explanation.ts';
import type { LiveStep } from './facts.ts';
import { invocationAt } from './place.ts';
import { shown } from './shown.ts';

/** A child that stands for one of these goes on by itself, or by what somebody sends it. */
const GOING: ReadonlySet<CauseCode> = new Set([
  'SCHEDULED',
  'RUNNING',
  'QUEUED',
  'RETRYING',
  'WAITING',
  'CHILD_RUNNING',
  'DONE',
]);

const FAILED: ReadonlySet<CauseCode> = new Set(['FAILED', 'CHILD_FAILED', 'CANCELLED']);

/** What a parent waits for at a child: its first cause, followed down to where it comes from. */
export function childCause(row: LiveStep, child: { standpoint: Standpoint; first: Cause } | undefined): Bare {
  const path = child === undefined ? [] : pathOf(child);
  const leaf = path.at(-1) ?? null;
  const at = { ...invocationAt(row), childId: row.childId, leaf, path };
  const who = `child ${row.childId ?? row.step}`;
  // The leaf's words stand alone; of its workflow and id the sentence tells who says them.
  const why =
    leaf === null
      ? ''
      : ` ${leaf.id === row.childId ? '' : `at ${leaf.id} `}in ${leaf.state || 'no state yet'}: ${leaf.words}`;
  if (row.status === 'failed' || (leaf !== null && FAILED.has(leaf.code))) {
    const said = why === '' ? `: ${row.error?.message ?? 'no reason is known'}.` : why;
    return { code: 'CHILD_FAILED', words: `The ${who} failed${said}`, ...at, error: shown(row.error) };
  }
  if (leaf !== null && !GOING.has(leaf.code)) return { code: 'CHILD_STUCK', words: `The ${who} is stuck${why}`, ...at };
  return { code: 'CHILD_RUNNING', words: `It waits for the ${who}${why || '.'}`, ...at };
}

function pathOf({ standpoint, first }: { standpoint: Standpoint; first: Cause }): Standpoint[] {
  return 'path' in first ? [standpoint, ...first.path] : [standpoint];
}
