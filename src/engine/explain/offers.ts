import { itemIndex } from '../keys.ts';
import { canSkip, legal, type Operation } from '../operations/legal.ts';
import { outputSchema } from '../operations/output-schema.ts';
import type { Bare } from './causes.ts';
import type { CauseCode, LegalOperation } from './explanation.ts';
import { commandLine } from './command-line.ts';
import { eventForms, type Place } from './place.ts';
import { example } from './example.ts';
import { jsonSchema } from '../json-schema.ts';

/** All operations that are legal for an instance, as they are typed and as they are sent. */
export function offers(place: Place): LegalOperation[] {
  const { member, standing, workflow } = place;
  const { id, sequence } = member;
  const path = `/instances/${encodeURIComponent(id)}`;
  const all: LegalOperation[] = [];
  const offer = (operation: Operation, words: string, options: Record<string, string> = {}, body?: object): void => {
    if (!legal(operation, standing).ok) return;
    const request = {
      method: 'POST',
      path: `${path}/${operation}`,
      ...(body === undefined ? {} : { body: { ...body } }),
    } as const;
    all.push({ operation, words, command: commandLine(operation, [id], options), request });
  };

  offer('retry', 'Gives what failed fresh attempts.');
  offer('unpause', 'Lets it go on from where it stands.');
  offer('resume', 'Brings it on from where it got stuck.');
  if (legal('send', standing).ok) {
    for (const { type, schema } of eventForms(place, standing.accepts)) {
      // `*` and `name.*` stand for types that nobody has listed.
      if (type.includes('*')) continue;
      const payload = schema === null ? {} : (example(schema) as Record<string, unknown>);
      const options: Record<string, string> =
        Object.keys(payload).length === 0 ? {} : { payload: JSON.stringify(payload) };
      all.push({
        operation: 'send',
        words: `Sends ${type}; --dry-run shows what that would do.`,
        command: commandLine('send', [id, type], options),
        request: { method: 'POST', path: `${path}/events`, body: { ...payload, type } },
      });
    }
  }
  // Of the items of a fan-out those that wait for another attempt: the others are many, and end by themselves.
  const skippable = member.steps.filter((row) => canSkip(row) && (row.kind !== 'item' || row.status === 'retrying'));
  for (const row of skippable) {
    const schema = jsonSchema(outputSchema(workflow, row));
    const output = schema === null ? null : example(schema);
    const what = row.kind === 'item' ? `item ${itemIndex(row.key)} of ${row.step}` : row.step;
    const words =
      row.kind === 'action'
        ? `Lets action ${what} be: nobody is told of it any more.`
        : `Ends ${what} with an output that you give in its place.`;
    offer('skip', words, { step: row.key, output: JSON.stringify(output) }, { step: row.key, output });
  }
  const patch = examplePatch(member.snapshot?.context ?? {});
  offer('edit', 'Changes its context, by a JSON Patch.', { patch: JSON.stringify(patch) }, { patch });
  offer('pause', 'Lets nothing more begin until it is unpaused.');
  const to = Math.max(1, sequence - 1);
  offer('rewind', `Puts it back to where it stood after transition ${to}, or another one.`, { to: String(to) }, { to });
  offer(
    'fork',
    'Starts a new instance from where this one stands, or stood.',
    { from: String(sequence) },
    { from: sequence },
  );
  offer('cancel', 'Ends it and what it started.');
  return all;
}

/** One that changes nothing yet: the first value that fits on a line, as it is. */
function examplePatch(context: Record<string, unknown>): object[] {
  const [name, value] = Object.entries(context).find(([, each]) => JSON.stringify(each).length <= SHORT) ?? ['…', null];
  return [{ op: 'replace', path: `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, value }];
}

const SHORT = 40;

/** What helps against which cause. What needs a worker is no help where there is none. */
const HELPS: Readonly<Record<CauseCode, readonly Operation[]>> = {
  FAILED: ['retry', 'resume', 'skip', 'edit', 'rewind', 'cancel'],
  ACTION_FAILED: ['retry', 'skip'],
  CHILD_FAILED: ['retry', 'skip'],
  STATE_UNKNOWN: ['retry', 'resume', 'rewind', 'fork'],
  PAUSED: ['unpause', 'edit', 'cancel'],
  RETRYING: ['skip', 'pause', 'cancel'],
  RUNNING: ['skip', 'cancel'],
  FAN_OUT: ['retry', 'skip', 'pause', 'cancel'],
  QUEUED: ['skip', 'cancel'],
  QUEUE_PAUSED: ['skip', 'cancel'],
  STEP_PAST_TIMEOUT: ['skip', 'cancel'],
  STEP_SILENT: ['skip', 'cancel'],
  LOST_RUN: ['skip', 'rewind', 'cancel'],
  CHILD_RUNNING: [],
  CHILD_STUCK: ['skip'],
  WAITING: ['send', 'resume'],
  SCHEDULED: ['pause', 'cancel'],
  LONG_HISTORY: ['fork'],
  DONE: ['fork', 'rewind'],
  CANCELLED: ['fork', 'rewind'],
  // By what is done to the workflow, to its code, or to the workers.
  WORKFLOW_PAUSED: [],
  NO_WORKER: [],
  DEAD_WORKER: [],
  WORKER_BLOCKED: [],
  OVERDUE: [],
  UNKNOWN_WORKFLOW: [],
};

/** Those of the operations that help against a cause: of the skips that of its own step, of the events those that it waits for. */
export function helping(cause: Bare, { member }: Place, all: readonly LegalOperation[]): LegalOperation[] {
  if (cause.code === 'WORKFLOW_PAUSED') return [unpausing('workflow', member.workflow)];
  // Whatever is tried with it is a transition too many.
  const isFull = cause.code === 'FAILED' && cause.error.code === 'HISTORY_TOO_LONG';
  const helps = isFull ? ['fork', 'cancel'] : HELPS[cause.code];
  const key = cause.code === 'FAILED' ? cause.step?.key : 'key' in cause ? cause.key : undefined;
  const isMeant = ({ operation, request }: LegalOperation): boolean => {
    if (operation === 'skip') return request.body?.['step'] === key;
    if (operation === 'send')
      return cause.code === 'WAITING' && cause.events.some(({ type }) => type === request.body?.['type']);
    return true;
  };
  const own = all.filter((each) => helps.includes(each.operation) && isMeant(each));
  return cause.code === 'QUEUE_PAUSED' ? [unpausing('queue', cause.queue), ...own] : own;
}

function unpausing(target: 'workflow' | 'queue', name: string): LegalOperation {
  return {
    operation: 'unpause',
    words: `Lets ${target} ${name} go on, for all instances.`,
    command: commandLine(`unpause-${target}`, [name]),
    request: { method: 'POST', path: `/${target}s/${encodeURIComponent(name)}/unpause` },
  };
}
