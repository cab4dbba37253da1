import { workerData } from 'node:worker_threads';
import type postgres from 'postgres';
import type { BeatThreadData } from './beat-guard.ts';

/**
 * The program of a thread that keeps a worker's beat up while code of a step holds the event loop of the main thread. It
 * connects when that happens for the first time.
 */
const { url, worker, turns, longest, hungAfter } = workerData as BeatThreadData;
const PACE = longest / 5;

let seen = Atomics.load(turns, 0);
let seenAt = performance.now();
let lookedAt = seenAt;
let sql: postgres.Sql | undefined;
let beating = false;

setInterval(() => {
  const now = performance.now();
  const turn = Atomics.load(turns, 0);
  // The whole process was stopped: of the main thread nothing is known yet.
  const wasStopped = now - lookedAt > longest;
  lookedAt = now;
  if (turn !== seen || wasStopped) {
    seen = turn;
    seenAt = now;
    return;
  }
  const blocked = now - seenAt;
  // Of a main thread that hangs for good the others learn by the beat that is missing.
  if (blocked < longest || blocked > hungAfter || beating) return;
  beating = true;
  void beat(blocked)
    // The database is away: tried again by the next turn.
    .catch(() => {})
    .finally(() => (beating = false));
}, PACE);

async function beat(blocked: number): Promise<void> {
  if (sql === undefined) {
    const [{ connect }, { OWN_SETTINGS }] = await Promise.all([
      import('./connect.ts'),
      import('./session-settings.ts'),
    ]);
    sql = connect(url, { role: 'beat', settings: OWN_SETTINGS, max: 1, idle_timeout: 30 });
  }
  await sql`
    update durachart.workers set beat_at = now(), blocked_since = coalesce(blocked_since, now() - ${blocked}::float8 * interval '1 ms')
    where id = ${worker} and stopped_at is null`;
}
