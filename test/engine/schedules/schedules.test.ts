import { setup } from 'xstate';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineWorkflow, type ScheduleOptions } from '../../../src/index.ts';
import { ManualClock, HOUR, SECOND } from '../../support/manual-clock.ts';
import { eventually, useBench } from '../../support/engine.ts';

const bench = useBench();

/** Waits until somebody ends it. */
const scheduled = (name: string, ...schedules: ScheduleOptions<{ at: string }>[]) =>
  defineWorkflow({
    machine: setup({
      types: { input: {} as { at: string }, context: {} as { at: string }, events: {} as { type: 'END' } },
    }).createMachine({
      id: name,
      context: ({ input }) => input,
      initial: 'BEGUN',
      states: { BEGUN: { on: { END: 'ENDED' } }, ENDED: { type: 'final' } },
    }),
    input: z.object({ at: z.string() }),
    schedules,
  });
const HOURLY = { cron: '0 * * * *', input: ({ at }: { at: Date }) => ({ at: at.toISOString() }) };

/** Ten minutes past an hour, so that none comes by itself while a test runs. */
function tenPast(): ManualClock {
  const clock = new ManualClock();
  clock.advance(HOUR - (clock.now() % HOUR) + 600 * SECOND);
  return clock;
}

/** The inputs of the instances of a workflow, in order. */
async function inputs(workflow: string): Promise<string[]> {
  const rows = await bench.sql<{ at: string }[]>`
    select input ->> 'at' as at from durachart.instances where workflow = ${workflow} order by 1`;
  return rows.map(({ at }) => at);
}
const hour = (clock: ManualClock, from = 0): string =>
  new Date(Math.floor(clock.now() / HOUR) * HOUR - from * HOUR).toISOString();
const listed = async (engine: { schedules(): Promise<{ id: string }[]> }) =>
  (await engine.schedules()) as never as Awaited<ReturnType<ReturnType<typeof bench.engine>['schedules']>>;

test('starts an instance at each time, once however many workers look', async () => {
  const clock = tenPast();
  const workflow = scheduled('many', HOURLY);
  const engines = [
    await bench.worker([workflow], { clock }),
    await bench.worker([workflow], { clock }),
    await bench.worker([workflow], { clock }),
  ] as const;
  const [before] = await listed(engines[0]);
  expect(before).toMatchObject({ id: 'many/default', last: null, started: 0, instances: [] });
  expect(before?.next).toHaveLength(3);
  const wanted: string[] = [];
  for (let n = 0; n < 3; n++) {
    clock.advance(HOUR);
    wanted.push(hour(clock));
    await eventually(async () => (await inputs('many')).length > n);
  }
  await Promise.all(engines.map(async (engine) => engine.reconcile()));
  expect(await inputs('many')).toEqual(wanted);
  const [after] = await listed(engines[0]);
  expect(after).toMatchObject({ started: 3, skipped: 0, last: { outcome: 'started' } });
  expect(after?.instances).toHaveLength(3);
  const page = await engines[0].list({ tag: 'schedule:many/default' });
  expect(page.items.map(({ key }) => key)).toContain(`schedule default ${wanted[0]}`);
});

test('what was missed while nobody was up is made up for by policy; what has changed in the code counts from now', async () => {
  const clock = tenPast();
  const schedules = (cron: string) => [
    { ...HOURLY, name: 'once', cron },
    { ...HOURLY, name: 'all', cron, missed: 'all' as const },
    { ...HOURLY, name: 'none', cron, missed: 'skip' as const },
  ];
  const first = bench.engine([scheduled('missed', ...schedules('0 * * * *'))], { clock });
  await first.schedules();
  await first.stop();
  // To five minutes past the third hour.
  clock.advance(Math.ceil(clock.now() / HOUR) * HOUR - clock.now() + 2 * HOUR + 300 * SECOND);
  const second = await bench.worker([scheduled('missed', ...schedules('0 * * * *'))], { clock });
  await eventually(async () => (await inputs('missed')).length >= 4);
  expect(await inputs('missed')).toEqual([hour(clock, 2), hour(clock, 1), hour(clock), hour(clock)].toSorted());
  expect((await listed(second)).map(({ name, last, skipped }) => [name, last?.outcome, skipped])).toEqual([
    ['all', 'started', 0],
    ['none', 'missed', 3],
    ['once', 'started', 2],
  ]);
  await second.stop();
  clock.advance(5 * HOUR);
  const third = await bench.worker([scheduled('missed', { ...HOURLY, name: 'once', cron: '30 * * * *' })], { clock });
  const [only, ...others] = await listed(third);
  expect(others).toEqual([]);
  expect(only).toMatchObject({ name: 'once', cron: '30 * * * *', started: 1 });
  expect(only?.next[0]?.getTime()).toBeGreaterThan(clock.now());
  expect(await inputs('missed')).toHaveLength(4);
});

test('a worker that looks late starts each of the times that have passed', async () => {
  const clock = tenPast();
  const minutely = { ...HOURLY, cron: '* * * * *', missed: 'skip' as const };
  const engine = await bench.worker([scheduled('looks-late', minutely)], { clock });
  const [before] = await listed(engine);
  const first = before?.next[0]?.getTime() as number;
  clock.advance(first - clock.now() + 126 * SECOND);
  await eventually(async () => (await inputs('looks-late')).length > 0);
  const wanted = [0, 60, 120].map((seconds) => new Date(first + seconds * SECOND).toISOString());
  expect((await inputs('looks-late')).slice(0, 3)).toEqual(wanted);
  expect((await listed(engine))[0]).toMatchObject({ skipped: 0 });
});

test('while an earlier one goes on: leaves the time out, or cancels that one', async () => {
  const clock = tenPast();
  const engine = await bench.worker(
    [
      scheduled(
        'overlapping',
        { ...HOURLY, name: 'skips', overlap: 'skip' },
        { ...HOURLY, name: 'cancels', overlap: 'cancel' },
      ),
    ],
    { clock },
  );
  const seen = async (name: string) => (await listed(engine)).find((schedule) => schedule.name === name);
  clock.advance(HOUR);
  await eventually(async () => (await inputs('overlapping')).length === 2);
  clock.advance(HOUR);
  await eventually(async () => (await seen('skips'))?.last?.outcome === 'overlap');
  await eventually(
    async () => (await seen('cancels'))?.instances.map(({ status }) => status).join() === 'waiting,cancelled',
  );
  const [going] = (await seen('skips'))?.instances ?? [];
  await engine.send(going?.id ?? '', { type: 'END' });
  await engine.result(going?.id ?? '');
  clock.advance(HOUR);
  await eventually(async () => (await seen('skips'))?.instances.length === 2);
  expect(await seen('skips')).toMatchObject({ started: 2, skipped: 1 });
});

test('is paused and goes on, without making up for the pause; is run by hand; all recorded', async () => {
  const clock = tenPast();
  const engine = await bench.worker([scheduled('by-hand', { ...HOURLY, missed: 'all' })], { clock });
  const id = 'by-hand/default';
  await engine.pause({ schedule: id }, { by: 'ada', why: 'holidays' });
  clock.advance(HOUR);
  await eventually(async () => (await listed(engine))[0]?.last?.outcome === 'paused');
  expect((await listed(engine))[0]).toMatchObject({ paused: { by: 'ada', why: 'holidays' }, skipped: 1 });
  const run = await engine.runSchedule(id, { by: 'ada', key: 'now' });
  const again = await engine.runSchedule(id, { by: 'ada', key: 'now' });
  expect(again).toEqual(run);
  expect(run).toMatchObject({ target: 'schedule', targetId: id, operation: 'run', by: 'ada', status: 'applied' });
  expect(await inputs('by-hand')).toHaveLength(1);
  await engine.unpause({ schedule: id }, { by: 'ada' });
  clock.advance(HOUR);
  await eventually(async () => (await inputs('by-hand')).length === 2);
  const { items } = await engine.operations({ target: 'schedule', targetId: id });
  expect(items.map(({ operation }) => operation)).toEqual(['unpause', 'run', 'pause']);
  const both = await Promise.all([1, 2, 3].map(async () => engine.runSchedule(id, { key: 'same' })));
  expect(new Set(both.map((record) => record.id)).size).toBe(1);
  await expect(engine.runSchedule(id, { key: 'same' })).resolves.toMatchObject({ operation: 'run' });
  await expect(engine.pause({ schedule: 'by-hand/none' })).rejects.toMatchObject({
    code: 'UNKNOWN_SCHEDULE',
    details: { schedules: [id] },
  });
  await expect(engine.runSchedule('by-hand/none')).rejects.toMatchObject({ code: 'UNKNOWN_SCHEDULE' });
});

test('one whose input is refused says so, and does not stand still', async () => {
  const clock = tenPast();
  const engine = await bench.worker([scheduled('refused', { cron: '0 * * * *', input: { at: 5 } as never })], {
    clock,
  });
  for (const skipped of [1, 2]) {
    clock.advance(HOUR);
    await eventually(async () => (await listed(engine))[0]?.skipped === skipped);
  }
  expect((await listed(engine))[0]?.last).toMatchObject({
    outcome: 'failed',
    message: expect.stringContaining('at') as string,
  });
  expect(bench.faults.some((fault) => fault.includes('refused/default'))).toBe(true);
});

test('is refused where it is defined wrongly', () => {
  expect(() => bench.engine([scheduled('wrong', { ...HOURLY, cron: 'soon' })])).toThrow(
    expect.objectContaining({ code: 'INVALID_SCHEDULE' }),
  );
  expect(() => bench.engine([scheduled('twice', HOURLY, HOURLY)])).toThrow(
    expect.objectContaining({ code: 'DUPLICATE_SCHEDULE' }),
  );
});
