import type { Engine } from '../../src/engine/api.ts';
import { quantile } from './statistics.ts';

/** Instances that are sent an event at once, events to one instance, and instances that are cancelled. */
export const EVENTS = { instances: 1_000, toOne: 5_000, cancelled: 10_000 };

/** How long it takes to bring something to instances that wait. Milliseconds. */
export interface EventFigures {
  /** Starts of so many instances at once, and until each was sent an event, for comparison. */
  startMs: number;
  sendMs: number;
  sendP99Ms: number;
  /** Until the last one has ended. */
  endMs: number;
  /** Events to one instance: until all are stored, and until the last one is taken. */
  toOneSendMs: number;
  toOneEndMs: number;
  /** One parked instance, from send() to result(). */
  parked: number[];
  /** Cancelling all instances that a filter finds, 500 at a time, until each is done. */
  cancelMs: number;
}

type BenchEngine = Pick<Engine, 'start' | 'send' | 'result' | 'bulk' | 'counts' | 'get'>;

/** @param scale a part of the numbers in {@link EVENTS}, up to 1 */
export async function measureEvents(
  engine: BenchEngine,
  { scale, samples, rest }: { scale: number; samples: number; rest: () => Promise<void> },
): Promise<EventFigures> {
  const many = async (count: number): Promise<string[]> =>
    Promise.all(
      Array.from(
        { length: Math.ceil(count * scale) },
        async () => (await engine.start('bench-wait', { timed: false })).id,
      ),
    );
  const clock = performance.now.bind(performance);
  let began = clock();
  const ids = await many(EVENTS.instances);
  const startMs = clock() - began;
  await rest();
  began = clock();
  const latencies = await Promise.all(
    ids.map(async (id) => {
      await engine.send(id, { type: 'GO' });
      return clock() - began;
    }),
  );
  const sendMs = clock() - began;
  await Promise.all(ids.map(async (id) => engine.result(id, { timeout: 60_000 })));
  const endMs = clock() - began;
  const [one = ''] = await many(1 / EVENTS.instances);
  await rest();
  began = clock();
  const events = Math.ceil(EVENTS.toOne * scale);
  await Promise.all(Array.from({ length: events }, async () => engine.send(one, { type: 'STAY' })));
  const toOneSendMs = clock() - began;
  await engine.send(one, { type: 'GO' }, { wait: 120_000 });
  const toOneEndMs = clock() - began;
  const parked: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const [id = ''] = await many(1 / EVENTS.instances);
    await rest();
    began = clock();
    await engine.send(id, { type: 'GO' });
    await engine.result(id, { timeout: 30_000 });
    parked.push(clock() - began);
  }
  await many(EVENTS.cancelled);
  await rest();
  began = clock();
  const filter = { workflow: 'bench-wait', status: 'waiting' } as const;
  let cursor: string | undefined;
  do {
    const batch = await engine.bulk({ operation: 'cancel' }, filter, {
      limit: 500,
      wait: 60_000,
      key: 'bench',
      ...(cursor === undefined ? {} : { cursor }),
    });
    cursor = batch.next ?? undefined;
  } while (cursor !== undefined);
  const cancelMs = clock() - began;
  return { startMs, sendMs, sendP99Ms: quantile(latencies, 0.99), endMs, toOneSendMs, toOneEndMs, parked, cancelMs };
}
