import type { Pending } from './committer.ts';
import type { Commit, StepRow, StoppedItems, Timer, WaitingItems } from './ports.ts';

/** Commits of one instance, in order, as one. However many there are, each row is looked at once. */
export function merged(all: readonly Pending[]): Pending {
  const first = all[0] as Pending;
  if (all.length === 1) return first;
  const last = all.at(-1) as Pending;
  const newSteps = new Map<string, StepRow>();
  const steps = new Map<string, StepRow>();
  const timers = new Map<string, Timer>();
  const cancelled = new Set<string>();
  let everything = false;
  let waitingItems: WaitingItems[] = [];
  let stoppedItems: StoppedItems[] = [];
  for (const { commit } of all) {
    for (const row of commit.steps) (newSteps.has(row.key) ? newSteps : steps).set(row.key, row);
    for (const row of commit.newSteps) newSteps.set(row.key, row);
    if (commit.cancelled === 'all') {
      everything = true;
      timers.clear();
    } else {
      for (const id of commit.cancelled) {
        timers.delete(id);
        cancelled.add(id);
      }
    }
    for (const timer of commit.timers) {
      timers.delete(timer.id);
      timers.set(timer.id, timer);
      cancelled.delete(timer.id);
    }
    const left = commit.stoppedItems.filter((items) => !isOf(waitingItems, items));
    waitingItems = [...waitingItems.map((items) => leftBefore(items, commit)), ...commit.waitingItems];
    stoppedItems = [...stoppedItems, ...left];
  }
  const list = <K extends 'transitions' | 'consumed' | 'posts' | 'audits' | 'published'>(name: K): Commit[K] =>
    all.flatMap(({ commit }) => commit[name] as object[]) as Commit[K];
  return {
    owner: first.owner,
    commit: {
      ...first.commit,
      after: last.commit.after,
      at: last.commit.at,
      transitions: list('transitions'),
      newSteps: [...newSteps.values()],
      steps: [...steps.values()],
      waitingItems,
      stoppedItems,
      timers: [...timers.values()],
      cancelled: everything ? 'all' : [...cancelled],
      consumed: list('consumed'),
      posts: list('posts'),
      audits: list('audits'),
      published: list('published'),
      subscriptions: all.reduce<Commit['subscriptions']>((before, { commit }) => commit.subscriptions ?? before, null),
      release: last.commit.release,
    },
    children: all.flatMap(({ children }) => children),
    stored: all.flatMap(({ stored }) => stored),
    lost: all.flatMap(({ lost }) => lost),
    refused: all.flatMap(({ refused }) => refused),
  };
}

/** A statement does not see the rows that it inserts itself: what is stopped before it is stored is stored as stopped. */
function leftBefore(items: WaitingItems, { stoppedItems }: Commit): WaitingItems {
  return stoppedItems.some(({ fanOut }) => fanOut === items.fanOut) ? { ...items, stopped: true } : items;
}

function isOf(waitingItems: readonly WaitingItems[], { fanOut }: StoppedItems): boolean {
  return waitingItems.some((items) => items.fanOut === fanOut);
}
