import type { HistoryEntry, InstanceView } from '../../engine/api.ts';
import type { StoredSnapshot } from '../../core/snapshot.ts';

/**
 * The wire format of `@statelyai/inspect` 0.7.2, as its receivers read it: JSON, one event a message. Written here by hand,
 * since the package's own helper, which takes actors that it cannot see by their ids, leaves the definition out.
 */
export type StatelyEvent = StatelyActor | StatelyEventEvent | StatelySnapshot;

/** The version of the package whose format it is. */
const VERSION = '0.7.2';

interface Base {
  id: string;
  /** Milliseconds since 1970, as the package writes them. */
  createdAt: string;
  _version: typeof VERSION;
  sessionId: string;
  rootId: string;
}

interface StatelyActor extends Base {
  type: '@xstate.actor';
  name: string;
  parentId: string | undefined;
  /** The machine as XState's config, in JSON. */
  definition: string;
  snapshot: Partial<StoredSnapshot>;
}

interface StatelyEventEvent extends Base {
  type: '@xstate.event';
  sourceId: string | undefined;
  event: { type: string; [field: string]: unknown };
}

interface StatelySnapshot extends Base {
  type: '@xstate.snapshot';
  event: { type: string; [field: string]: unknown };
  snapshot: Partial<StoredSnapshot>;
}

/** Which actor of which system an event is about. */
interface About {
  sessionId: string;
  rootId: string;
  at: Date;
}

function base({ sessionId, rootId, at }: About, id: string): Base {
  return { id, createdAt: String(at.getTime()), _version: VERSION, sessionId, rootId };
}

/** An instance comes into sight. @param definition its machine's; undefined: this server does not know the workflow */
export function actorOf(
  instance: InstanceView,
  rootId: string,
  definition: string | undefined,
  snapshot: Partial<StoredSnapshot>,
): StatelyEvent {
  const { id, workflow, parentId, createdAt } = instance;
  return {
    type: '@xstate.actor',
    ...base({ sessionId: id, rootId, at: createdAt }, `${id}:actor`),
    name: workflow,
    parentId: parentId === null || id === rootId ? undefined : parentId,
    definition: definition ?? JSON.stringify({ id: workflow }),
    snapshot,
  };
}

/** A transition: the event that it took, from the step that gave it, and where the machine stood after it. */
export function transitionOf(entry: HistoryEntry, rootId: string, snapshot: StoredSnapshot): StatelyEvent[] {
  const about = { sessionId: entry.instanceId, rootId, at: entry.at };
  const id = `${entry.instanceId}:${entry.sequence}`;
  const event = { ...(entry.payload as object | null), type: entry.event };
  const step = entry.step === null ? undefined : stepOf(entry.step, about);
  return [
    ...(step === undefined ? [] : [step]),
    { type: '@xstate.event', ...base(about, `${id}:event`), sourceId: step?.sessionId, event },
    { type: '@xstate.snapshot', ...base(about, `${id}:snapshot`), event, snapshot },
  ];
}

/** A step is an actor of its own, seen when it has come to its end. */
function stepOf(step: NonNullable<HistoryEntry['step']>, { sessionId: parentId, rootId, at }: About): StatelyEvent {
  const sessionId = `${parentId}/${step.key}`;
  return {
    type: '@xstate.actor',
    ...base({ sessionId, rootId, at }, `${sessionId}:actor`),
    name: step.step,
    parentId,
    definition: JSON.stringify({ id: step.step }),
    snapshot: { status: step.status === 'failed' ? 'error' : 'done' },
  };
}
