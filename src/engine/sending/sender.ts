import { currentTime } from '../clock.ts';
import { DurachartError } from '../../core/error.ts';
import type { Workflow } from '../../core/workflow.ts';
import type { Changes } from '../changes.ts';
import { checkKey, checkWait } from '../checks.ts';
import { Grouped, inHalves, type Settled } from '../grouped.ts';
import type { Clock } from '../ports.ts';
import { DatabaseUnavailableError } from '../unavailable.ts';
import { ExpectedState, MOST_FOLDED, type SentEvent } from './expected-state.ts';
import type { NewEvent, Posted, SendStore, SentRecord } from './send-store.ts';

/** What is said of an event that was sent. */
export interface Sent {
  /** It had been sent with this key before: nothing happens again. */
  duplicate: boolean;
}

/** What came of an event that was sent, for who waited for it. */
export interface SentOutcome extends Sent {
  /** `ignored`: it changed nothing; no transition of the state was for it, or one without effect. `pending`: it still lay in the inbox when the wait was over. */
  outcome: 'taken' | 'ignored' | 'pending';
  /** The state after the transition that took it; else where the instance stood then. */
  state: string;
  /** Number of that transition. */
  sequence: number;
}

export interface SendOptions {
  /** Idempotency key: events of one instance with the same key are taken once. */
  key?: string | undefined;
  /** Milliseconds to wait for what comes of it, from 0 to 600,000. */
  wait?: number | undefined;
  /** Ends the wait. */
  signal?: AbortSignal | undefined;
}

export interface SenderOptions {
  store: SendStore;
  workflows: ReadonlyMap<string, Workflow>;
  clock: Clock;
  changes: Changes;
  /** Gets somebody to move these instances, where nobody would look by himself. */
  announce: (ids: readonly string[]) => Promise<void>;
  notFound: (id: string) => DurachartError;
  /** @throws DurachartError `UNKNOWN_WORKFLOW` */
  workflowOf: (record: { id: string; workflow: string }) => Workflow;
}

interface Request {
  id: string;
  event: SentEvent;
  key: string | null;
}

interface Stored {
  duplicate: boolean;
  /** Of the event, or of the one that it repeats. */
  eventId: number;
  announced: Promise<void>;
}

/** Events in one statement, and characters. */
const GROUP = 500;
const LARGEST = 2_000_000;
/** How often an event is judged anew since something else came in meanwhile; then it is taken in as it is. */
const TRIES = 3;

/**
 * Sends events: those that are sent while a group is under way make up the next one, which is read for, judged and stored
 * together, each after those before it. An event is refused only where it is known that it would not be taken.
 */
export class Sender {
  private readonly options: SenderOptions;
  private readonly groups: Grouped<Request, Stored>;
  private readonly outcomes: Grouped<number, SentRecord | undefined>;

  constructor(options: SenderOptions) {
    this.options = options;
    this.groups = new Grouped({
      run: async (requests) => this.sendAll(requests),
      most: GROUP,
      largest: LARGEST,
      sizeOf: ({ event }) => sizeOf(event),
    });
    this.outcomes = new Grouped({
      run: async (ids) => {
        const records = new Map((await options.store.sentEvents(ids)).map((record) => [record.id, record]));
        return ids.map((id) => ({ value: records.get(id) }));
      },
      most: GROUP,
    });
  }

  async send(id: string, event: SentEvent, options: SendOptions): Promise<Sent | SentOutcome> {
    const { key, wait } = options;
    checkKey(key);
    checkWait(wait);
    const { duplicate, eventId, announced } = await this.groups.do({ id, event, key: key ?? null });
    await announced;
    if (wait === undefined) return { duplicate };
    return { duplicate, ...(await this.outcome(id, eventId, wait, options.signal)) };
  }

  private async outcome(
    id: string,
    eventId: number,
    wait: number,
    signal: AbortSignal | undefined,
  ): Promise<Omit<SentOutcome, 'duplicate'>> {
    let last: SentRecord | undefined;
    const look = async (): Promise<{ value: SentRecord } | undefined> => {
      last = await this.outcomes.do(eventId);
      if (last === undefined) throw this.options.notFound(id);
      return last.outcome === 'pending' ? undefined : { value: last };
    };
    const shown = ({ outcome, state, sequence }: SentRecord): Omit<SentOutcome, 'duplicate'> => ({
      outcome,
      state,
      sequence,
    });
    try {
      const options = { timeout: wait, ...(signal === undefined ? {} : { signal }) };
      return shown(await this.options.changes.wait(id, options, look, 'change'));
    } catch (error) {
      const isOver = signal?.aborted === true || (error instanceof DurachartError && error.code === 'TIMEOUT');
      if (!isOver) throw error;
      if (last === undefined) await look();
      return shown(last as unknown as SentRecord);
    }
  }

  private async sendAll(requests: readonly Request[]): Promise<Settled<Stored>[]> {
    const settled = new Map<Request, Settled<Stored>>();
    const reached = new Set<string>();
    const { promise: announced, resolve } = Promise.withResolvers<void>();
    let open = [...requests];
    for (let round = 1; open.length > 0; round++) {
      // In the last round what is sent with one key is told apart by the database.
      open = await this.round(open, round > TRIES, (request, stored) => {
        settled.set(request, 'error' in stored ? stored : { value: { ...stored.value, announced } });
        if (!('error' in stored)) reached.add(request.id);
      });
    }
    // Of duplicates too: the first one may not have got so far. The next group does not wait for it.
    void this.options.announce([...reached]).then(resolve, resolve);
    return requests.map((request) => settled.get(request) as Settled<Stored>);
  }

  /** Judges and stores; those that are to be judged anew are returned, in their order. */
  private async round(
    requests: readonly Request[],
    inAnyCase: boolean,
    settle: (request: Request, settled: Settled<Omit<Stored, 'announced'>>) => void,
  ): Promise<Request[]> {
    const { store, clock } = this.options;
    const read = await store.sendFacts(requests, MOST_FOLDED + 1);
    const now = await currentTime(clock);
    const facts = new Map(read.map((each) => [each.id, each]));
    const states = new Map<string, ExpectedState>();
    const again = new Set<Request>();
    const keys = new Set<string>();
    const events: { request: Request; event: NewEvent }[] = [];
    for (const request of requests) {
      const { id, key } = request;
      const found = facts.get(id);
      const before = key === null ? undefined : found?.keys.get(key);
      // Who asks again because the first answer got lost is not told that the machine is past it.
      if (before !== undefined) settle(request, { value: { duplicate: true, eventId: before } });
      else if (key !== null && keys.has(`${id} ${key}`)) again.add(request);
      else {
        try {
          if (found === undefined) throw this.options.notFound(id);
          const workflow = this.options.workflowOf(found);
          const state = states.get(id) ?? new ExpectedState(workflow, found, now);
          states.set(id, state);
          const payload = state.check(request.event);
          const { type } = request.event;
          const wake = inAnyCase ? null : found.wake;
          events.push({
            request,
            event: {
              instanceId: id,
              type,
              payload,
              source: 'external',
              dedupeKey: key,
              at: now,
              wake,
              receives: workflow.receives.length > 0,
            },
          });
          state.add(type, payload);
          if (key !== null) keys.add(`${id} ${key}`);
        } catch (error) {
          settle(request, { error });
        }
      }
    }
    const posted = await inHalves(
      events.map(({ event }) => event),
      async (some) => store.post(some),
      // Of what got lost on the way nobody knows whether it is stored.
      (error) => !(error instanceof DatabaseUnavailableError),
    );
    for (const [index, { request }] of events.entries()) {
      const outcome = outcomeOf(posted[index] as Settled<Posted>, () => this.options.notFound(request.id));
      if (outcome === 'again') again.add(request);
      else settle(request, outcome);
    }
    return requests.filter((request) => again.has(request));
  }
}

function outcomeOf(
  posted: Settled<Posted>,
  notFound: () => DurachartError,
): 'again' | Settled<Omit<Stored, 'announced'>> {
  if ('error' in posted) return posted;
  const { value } = posted;
  switch (value.outcome) {
    case 'posted':
      return { value: { duplicate: false, eventId: value.id } };
    case 'refused':
      return { error: value.error };
    case 'no instance':
      return { error: notFound() };
    // Somebody else has sent it with the same key just now: the next look finds it.
    case 'duplicate':
    case 'moved':
      return 'again';
  }
}

/** How many characters an event takes, about; what is no JSON is refused later. */
function sizeOf(event: SentEvent): number {
  try {
    return JSON.stringify(event).length;
  } catch {
    return 0;
  }
}
