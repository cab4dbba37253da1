import { beforeEach, describe, vi } from 'vitest';

// The engine's own tests, unchanged, on the double of Trigger.dev: what they ask for is the same wherever steps run.
vi.mock(import('../support/engine.ts'), async (original) => {
  const { useTriggerBench } = await import('./support/bench.ts');
  return { ...(await original()), useBench: useTriggerBench };
});

/** Those about the workers of processes, `workers` and `limits`, have nothing to ask of Trigger.dev. */
const FILES = [
  'actions',
  'actor-arguments',
  'cancel',
  'children-ends',
  'children',
  'concurrency-keys',
  'definitions',
  'delivery',
  'failure',
  'fan-out',
  'moved',
  'history',
  'lists',
  'operations',
  'pauses',
  'plain-xstate',
  'progress',
  'result',
  'retry',
  'send',
  'start-later',
  'start',
  'step-results',
  'subscribe',
  'thrown-errors',
  'timeout',
  'timers',
  'transactional',
];

/** Folders of those that are in one. */
const FOLDERS = new Map([
  ['operations', 'operations'],
  ['pauses', 'operations'],
  ['fan-out', 'fan-out'],
  ['moved', 'fan-out'],
]);

const LATER = 'the signal is aborted after the commit, by a call: some 0.1 s after a reader can see the transition';
const WORKERS = 'asks for workers of different code on one database';
const QUEUE = 'the order of what waits is the platform’s';
const SLOW = 'hundreds of runs, for nothing that the others do not show';

/** What is different on Trigger.dev, and why. */
const EXCEPT = new Map([
  [
    'what the items came to is the same where one process has seen it all, and where it is read',
    'a driver sees no step end, and reads what they came to',
  ],
  ['actions of the last transition run too, on another worker if need be', WORKERS],
  ['a running instance ends at once, its step is aborted and its late result dropped', LATER],
  ['a parent that leaves stops its child, and what the child started', LATER],
  ['an event that leaves the invoking state stops the step, and drops its result', LATER],
  [
    "another process's events are heard without polling",
    'the other process of the test has no double to trigger a driver on',
  ],
  ['two steps that fail together are both retried', 'the row of a step says failed a moment before its instance does'],
  [
    'two retries at once give it fresh attempts once',
    'counts what the inbox has taken, and here the end of a step is in it',
  ],
  [
    "delays grow by the factor up to the cap, less the jitter, and the next attempt's time is a row",
    'asks a worker to stop and to take up again',
  ],
  ['a state that the code no longer has fails the instance, and a retry goes on once it is back', WORKERS],
  ['a step that the code no longer has fails as one that is unknown', WORKERS],
  ['workers of different code share a database: each takes what it knows', WORKERS],
  ['an instance of a workflow that no worker knows waits for one that does', WORKERS],
  ['under a limit of one, higher priority goes first, and equals in order', QUEUE],
  ['a worker that comes late takes what has higher priority first', QUEUE],
  [
    'after a takeover it is fenced: nothing that it wrote stays',
    'asks for the death of a worker; the kills are in kills-*.test.ts',
  ],
  [
    'however many are open, the engine still reads, sends and says that it lives',
    'is about the connections of a worker',
  ],
  ['otherwise it stops the others, and the instance fails for it; a retry does what is not done', LATER],
  ['left in the middle, what runs is aborted, what waits never begins, and the counts are true', LATER],
  ['a cancelled instance stops its items', LATER],
  ['a fan-out is skipped with an output that is given by hand: its items are stopped', LATER],
  ['the pause goes on where another worker takes the instance up', WORKERS],
  ['a step runs once for each item, and the results come in order of their index', SLOW],
  ['a thousand timers that are due at once all fire once', SLOW],
  ['history and snapshots are exact, over whole and partial ones', SLOW],
  [
    'of all, from another engine, under four writers at once: nothing twice, nothing missed, wherever it is resumed',
    SLOW,
  ],
]);

beforeEach(({ task, skip }) => {
  const why = EXCEPT.get(task.name);
  if (why !== undefined) skip(why);
});

const only = process.env['CONTRACT']?.split(',') ?? FILES;
for (const name of FILES.filter((file) => only.includes(file))) {
  describe(name, async () => {
    const folder = FOLDERS.get(name);
    await (folder === undefined ? import(`../engine/${name}.test.ts`) : import(`../engine/${folder}/${name}.test.ts`));
  });
}
