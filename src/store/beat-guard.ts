import { Worker } from 'node:worker_threads';

/** What the thread is started with. */
export interface BeatThreadData {
  url: string;
  /** Id of the worker. */
  worker: number;
  /** One number that the main thread counts up while its event loop turns. */
  turns: Int32Array<SharedArrayBuffer>;
  /** Milliseconds without a turn after which the thread beats in its stead. */
  longest: number;
  /** Milliseconds without a turn after which the main thread counts as hung for good, and nobody beats any more. */
  hungAfter: number;
}

/** So many times `deadAfter` the event loop may be held by one piece of code: ten minutes by default. */
const PATIENCE = 20;

/** The thread's program, as it lies beside this file: TypeScript in the repository, JavaScript in the package. */
const PROGRAM = new URL(`./beat-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/**
 * Starts a thread that beats for a worker whenever the event loop of this one is held for longer than `longest`. Without
 * it a step that computes for longer than `deadAfter` has its worker taken for dead, and is run again by another.
 * @returns ends it
 */
export function guardBeat(
  { url, worker, longest, deadAfter }: { url: string; worker: number; longest: number; deadAfter: number },
  onError: (error: unknown) => void,
): () => void {
  const turns = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const turning = setInterval(() => Atomics.add(turns, 0, 1), longest / 5);
  turning.unref();
  const workerData: BeatThreadData = { url, worker, turns, longest, hungAfter: PATIENCE * deadAfter };
  // What the process was started with (loaders, instrumentation) is nothing for it.
  const thread = new Worker(PROGRAM, {
    name: 'durachart beat',
    workerData,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  });
  thread.on('error', onError);
  thread.unref();
  return () => {
    clearInterval(turning);
    thread.removeListener('error', onError);
    thread.on('error', () => {});
    void thread.terminate();
  };
}
