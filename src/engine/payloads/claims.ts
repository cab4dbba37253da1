import { DurachartError, errorRecord, type ErrorRecord } from '../../core/error.ts';
import { isReference } from '../../core/payload.ts';
import { CANCEL } from '../keys.ts';
import type { Claimed, InboxEvent, StepRow, Timer } from '../ports.ts';
import { hasEnded } from '../state.ts';
import type { Payloads } from './payloads.ts';

/** An instance with the values that its rows refer to, as far as it still needs them; `damage` where one cannot be read. */
export async function wholeClaimed(claimed: Claimed, payloads: Payloads): Promise<Claimed> {
  const inbox = await wholeInbox(claimed.id, claimed.inbox, payloads);
  if (hasEnded(claimed.status)) return { ...claimed, inbox: inbox.events };
  try {
    if (inbox.damage !== undefined) return { ...claimed, damage: inbox.damage };
    return refers(claimed)
      ? { ...(await wholeRows(claimed, payloads)), inbox: inbox.events }
      : { ...claimed, inbox: inbox.events };
  } catch (error) {
    return { ...claimed, damage: damageOf(error) };
  }
}

/** The events in an inbox, whole. One that cannot be read is as good as none to an instance that has ended. */
export async function wholeInbox(
  id: string,
  inbox: readonly InboxEvent[],
  payloads: Payloads,
): Promise<{ events: InboxEvent[]; damage?: ErrorRecord }> {
  if (!inbox.some(({ payload }) => isReference(payload))) return { events: [...inbox] };
  let damage: ErrorRecord | undefined;
  const events: InboxEvent[] = [];
  for (const event of inbox) {
    try {
      events.push({ ...event, payload: await payloads.get(id, event.payload) });
    } catch (error) {
      damage ??= damageOf(error);
      events.push({ ...event, type: CANCEL, payload: null });
    }
  }
  return damage === undefined ? { events } : { events, damage };
}

function refers({ sequence, input, snapshot, steps, timers }: Claimed): boolean {
  return (
    (sequence === 0 && isReference(input)) ||
    (snapshot !== null && Object.values(snapshot.context).some(isReference)) ||
    steps.some((row) => isReference(row.input) || isReference(row.output)) ||
    timers.some(({ event }) => isReference(event))
  );
}

/** The input of an instance is read by its start only. */
async function wholeRows(claimed: Claimed, payloads: Payloads): Promise<Claimed> {
  const { id, snapshot } = claimed;
  const context =
    snapshot === null
      ? null
      : await Promise.all(
          Object.entries(snapshot.context).map(async ([key, value]) => [key, await payloads.get(id, value)] as const),
        );
  return {
    ...claimed,
    input: claimed.sequence === 0 ? await payloads.get(id, claimed.input) : claimed.input,
    snapshot: snapshot === null || context === null ? null : { ...snapshot, context: Object.fromEntries(context) },
    steps: await Promise.all(claimed.steps.map(async (row) => wholeStep(id, row, payloads))),
    timers: await Promise.all(
      claimed.timers.map(async (timer) => ({
        ...timer,
        event: (await payloads.get(id, timer.event)) as Timer['event'],
      })),
    ),
  };
}

/** A step's row with its input and output. */
export async function wholeStep(id: string, row: StepRow, payloads: Payloads): Promise<StepRow> {
  return { ...row, input: await payloads.get(id, row.input), output: await payloads.get(id, row.output) };
}

function damageOf(error: unknown): ErrorRecord {
  if (!(error instanceof DurachartError)) throw error;
  return errorRecord(error);
}
