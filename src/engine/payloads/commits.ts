import { INLINE_LIMIT } from '../../core/payload.ts';
import type { SnapshotDiff, StoredSnapshot } from '../../core/snapshot.ts';
import type { Commit, StepRow, Timer, TransitionRow } from '../ports.ts';
import { checkContext } from './context.ts';
import type { Payloads } from './payloads.ts';

/** Whether a commit of so many characters may have a value in it that a row cannot hold. */
export function mayBeHeavy(size: number): boolean {
  return size * 3 > INLINE_LIMIT;
}

/**
 * A commit that holds references in place of the values that are too large for a row; these are stored by then.
 * @throws DurachartError `CONTEXT_TOO_LARGE`; as {@link Payloads.put} does
 */
export async function lighter(commit: Commit, payloads: Payloads): Promise<Commit> {
  const { id, after, create } = commit;
  const put = async (value: unknown, what: string): Promise<unknown> => payloads.put(id, value, what);
  if (after.snapshot !== null) checkContext(after.snapshot.context, id);
  return {
    ...commit,
    after: {
      ...after,
      snapshot: after.snapshot === null ? null : ((await lighterSnapshot(after.snapshot, put)) as StoredSnapshot),
      output: await put(after.output, `The output of instance ${id}`),
    },
    create: create === null ? null : { ...create, input: await put(create.input, `The input of instance ${id}`) },
    transitions: await all(commit.transitions, async (row) => lighterTransition(row, put)),
    newSteps: await all(commit.newSteps, async (row) => lighterStep(row, put)),
    // Of rows that change the input is not written again.
    steps: await all(commit.steps, async (row) => ({
      ...row,
      output: await put(row.output, `The output of step ${row.key}`),
    })),
    waitingItems: await all(commit.waitingItems, async (items) => ({
      ...items,
      inputs: await all(items.inputs, async (input) => put(input, `The input of an item of ${items.fanOut}`)),
    })),
    timers: await all(commit.timers, async (timer) => lighterTimer(timer, put)),
    posts: await all(commit.posts, async (post) => ({
      ...post,
      payload: await payloads.put(post.to, post.payload, `The event ${post.type} for instance ${post.to}`),
    })),
    audits: await all(commit.audits, async (audit) =>
      audit.create === null
        ? audit
        : {
            ...audit,
            create: {
              ...audit.create,
              arguments: await put(audit.create.arguments, `What the ${audit.create.operation} was given`),
            },
          },
    ),
  };
}

type Put = (value: unknown, what: string) => Promise<unknown>;

/** A step's row with references. */
export async function lighterStep<Row extends Pick<StepRow, 'key' | 'input' | 'output'>>(
  row: Row,
  put: Put,
): Promise<Row> {
  return {
    ...row,
    input: await put(row.input, `The input of step ${row.key}`),
    output: await put(row.output, `The output of step ${row.key}`),
  };
}

/** The fields of a context are looked at one by one: those that do not change are not stored again by every transition. */
export async function lighterSnapshot<S extends SnapshotDiff | StoredSnapshot>(snapshot: S, put: Put): Promise<S> {
  const { context, output } = snapshot;
  const light = { ...snapshot };
  if (output !== undefined) light.output = await put(output, 'The output');
  if (context !== undefined) {
    const fields = await all(Object.entries(context), async ([key, value]) => [
      key,
      await put(value, `The context's ${key}`),
    ]);
    light.context = Object.fromEntries(fields) as Record<string, unknown>;
  }
  return light;
}

export async function lighterTransition(row: TransitionRow, put: Put): Promise<TransitionRow> {
  const { timers } = row;
  return {
    ...row,
    payload: await put(row.payload, `The event ${row.event}`),
    diff: await lighterSnapshot(row.diff, put),
    emitted: (await put(row.emitted, 'What the machine emits')) as TransitionRow['emitted'],
    timers:
      timers === null ? null : { ...timers, armed: await all(timers.armed, async (timer) => lighterTimer(timer, put)) },
  };
}

/** The type of a timer's event stays to be read by SQL. */
export async function lighterTimer<T extends Pick<Timer, 'event'>>(timer: T, put: Put): Promise<T> {
  const { event } = timer;
  const light = await put(event, `The event ${event.type}`);
  return light === event ? timer : { ...timer, event: { ...(light as object), type: event.type } };
}

async function all<T, U>(list: readonly T[], change: (item: T) => Promise<U>): Promise<U[]> {
  const changed: U[] = [];
  for (const item of list) changed.push(await change(item));
  return changed;
}
