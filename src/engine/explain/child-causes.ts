import { whyOf } from '../../core/reason.ts';
import type { Bare } from './causes.ts';
import type { Cause, CauseCode, Standpoint } from './explanation.ts';
import type { LiveStep } from './facts.ts';
import { invocationAt } from './place.ts';
import { shown } from './shown.ts';

/** What a child's first cause says of it: it goes on by itself or by what somebody sends it, it has failed, or nothing moves it. */
const SAYS: Readonly<Record<CauseCode, 'goes on' | 'failed' | 'stuck'>> = {
  SCHEDULED: 'goes on',
  RUNNING: 'goes on',
  FAN_OUT: 'goes on',
  QUEUED: 'goes on',
  RETRYING: 'goes on',
  WAITING: 'goes on',
  CHILD_RUNNING: 'goes on',
  ACTION_FAILED: 'goes on',
  LONG_HISTORY: 'goes on',
  // It may be known where it runs.
  UNKNOWN_WORKFLOW: 'goes on',
  DONE: 'goes on',
  FAILED: 'failed',
  CHILD_FAILED: 'failed',
  CANCELLED: 'failed',
  PAUSED: 'stuck',
  WORKFLOW_PAUSED: 'stuck',
  QUEUE_PAUSED: 'stuck',
  OVERDUE: 'stuck',
  NO_WORKER: 'stuck',
  DEAD_WORKER: 'stuck',
  WORKER_BLOCKED: 'stuck',
  STEP_PAST_TIMEOUT: 'stuck',
  STEP_SILENT: 'stuck',
  CHILD_STUCK: 'stuck',
  STATE_UNKNOWN: 'stuck',
  LOST_RUN: 'stuck',
};

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
  if (row.status === 'failed' || (leaf !== null && SAYS[leaf.code] === 'failed')) {
    const said = why === '' ? `: ${row.error === null ? 'no reason is known' : whyOf(row.error)}.` : why;
    return { code: 'CHILD_FAILED', words: `The ${who} failed${said}`, ...at, error: shown(row.error) };
  }
  if (leaf !== null && SAYS[leaf.code] === 'stuck')
    return { code: 'CHILD_STUCK', words: `The ${who} is stuck${why}`, ...at };
  return { code: 'CHILD_RUNNING', words: `It waits for the ${who}${why || '.'}`, ...at };
}

function pathOf({ standpoint, first }: { standpoint: Standpoint; first: Cause }): Standpoint[] {
  return 'path' in first ? [standpoint, ...first.path] : [standpoint];
}
