import type { Engine } from '../../../src/engine/api.ts';
import type { Lane } from '../../proof/lane.ts';
import { readOutcome, type Outcome } from '../../proof/outcome.ts';
import { Plan } from '../../proof/plan.ts';
import { World, type Scenario } from '../../proof/world.ts';
import type { Platform } from './platform.ts';

/** Plays a scenario of the proof on another engine than the one it was written for. */
export async function play(
  lane: Lane,
  scenario: Scenario,
  engine: Engine,
  platform: Platform,
  prepare: (root: string) => void = () => {},
): Promise<{ outcome: Outcome; root: string }> {
  const world = new World(lane, scenario, new Plan());
  const { root } = world;
  world.call = async (ask) => ask(engine, root);
  prepare(root);
  const { workflows, input, delay, drive, ends = 'done' } = scenario;
  const options = delay === undefined ? {} : { startAt: new Date(Date.now() + delay) };
  await engine.start(workflows[0].name, { run: root, ...(input as object) }, { id: root, ...options });
  await drive?.(world);
  await world.standing(ends);
  for (;;) {
    await settled(lane, root);
    await quiet(platform, root);
    const outcome = await readOutcome(lane.sql, root);
    // A driver that finds nothing to do has the lease for a moment.
    if (!outcome.leftovers.some((line) => line.endsWith('is leased or due'))) return { outcome, root };
  }
}

/** Waits until nothing of a run has anything left to do. */
async function settled(lane: Lane, root: string): Promise<void> {
  for (;;) {
    const changed = lane.changed(root);
    const [left] = await lane.sql<{ busy: boolean }[]>`
      select exists (select from durachart.instances where (id = ${root} or id like ${`${root}.%`}) and (lease is not null or wake_at is not null))
        or exists (select from durachart.events where (instance_id = ${root} or instance_id like ${`${root}.%`}) and status = 'pending') as busy`;
    if (left?.busy === false) return;
    await changed;
  }
}

/** Waits until no run of the instance is under way on the platform. */
async function quiet(platform: Platform, root: string): Promise<void> {
  const busy = () =>
    platform.host
      .all()
      .filter(
        ({ tags, status }) =>
          ['QUEUED', 'EXECUTING', 'WAITING'].includes(status) &&
          tags.some((tag) => tag === `instance:${root}` || tag.startsWith(`instance:${root}.`)),
      );
  for (let runs = busy(); runs.length > 0; runs = busy()) await Promise.race(runs.map(({ ended }) => ended));
}

/** What both executors must agree on: all but the way in which a step's end is told. */
export function comparable({ events, steps, ...rest }: Outcome, optional: readonly string[] = []): object {
  return {
    ...rest,
    steps: Object.fromEntries(Object.entries(steps).filter(([key]) => !optional.includes(key))),
    events: events.filter((line) => !line.includes(' durachart.settled ')),
  };
}

/** Where two outcomes differ, in words. */
export function differences(actual: object, expected: object, path = ''): string[] {
  const keys = new Set([...Object.keys(actual), ...Object.keys(expected)]);
  return [...keys].flatMap((key) => {
    const [a, b] = [actual, expected].map((side) => (side as Record<string, unknown>)[key]);
    if (JSON.stringify(a) === JSON.stringify(b)) return [];
    if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null)
      return differences(a, b, `${path}/${key}`);
    return [`${path}/${key}: ${JSON.stringify(a)} for ${JSON.stringify(b)}`];
  });
}
